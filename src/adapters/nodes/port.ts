import type { NodeKind } from '../../domain/cluster.ts';
import type { FirstStart, Installation, InstalledState } from '../../domain/deploy/installation.ts';
import type { BinariesState, KeptBinaries, Replacement } from '../../domain/node-binaries.ts';
import type { ProcessId } from '../../domain/process-id.ts';
import type { StartedAs } from '../../domain/words.ts';

export type NodeCall = {
  readonly signal: AbortSignal;
  /** Called with each line for people; lines begin with the node's label. */
  readonly log?: (line: string) => void;
  /**
   * How old an answer about its process may be, in milliseconds, if this drive has one and sent nothing to the node
   * since. Left out = the host is asked.
   */
  readonly recentMs?: number;
};

export type Stopping = {
  /** Running work ends first; false = a backend or compute node is ended at once. */
  readonly graceful: boolean;
  /** A process that still runs after this time is killed. */
  readonly timeoutSeconds: number;
  /** The version that runs now, as the node reports it: it decides which ways to stop the node there are. */
  readonly version: string;
};

/**
 * `ending`: it runs and seems to have been told to end; whoever told it waits, anybody else still has to tell it.
 * `returns`: it has ended, and what supervises the node starts it again unless it is told to stop.
 */
export type StopState = 'running' | 'ending' | 'ended' | 'returns';

/**
 * `ended` = seen to have ended for good. `unsure` = ask `stopState`. `runsAs` = another process runs, and nothing was
 * sent.
 */
export type Stopped = 'ended' | 'unsure' | { readonly runsAs: ProcessId };

/**
 * A node as a plan knows it. The inventory says where it is now and what runs it: it is looked up by its id, then by its
 * host and directory. If the inventory has neither any more (the node left the cluster, or came back as another one), the
 * place in the plan is used, provided that the plan names the kind and the host is still attached: so a node that was
 * stopped is not left down, and binaries that were kept can be put back.
 */
export type NodeRef = {
  /** Absent in plans that disturb no node. */
  readonly nodeId?: string;
  readonly label: string;
  readonly hostId: string;
  readonly deployDir: string;
  readonly kind?: NodeKind;
  readonly unit?: string | null;
};

/**
 * One node, whatever runs it. `expected` is the process that was recorded: null = none ran, undefined = whatever runs
 * now. Throws what the transport throws, and `COMMAND_FAILED` when the node's tools fail or their answer cannot be read:
 * then nothing is concluded. Calls that change the node may be repeated after a crash, and take effect once.
 * `CREDENTIAL_MISSING` = the node cannot be reached any more.
 */
export interface Node {
  /**
   * Null = no process runs. A process that has ended and was not waited for does not count as running, nor does another
   * program with its number.
   */
  process(call: NodeCall): Promise<ProcessId | null>;
  stopState(expected: ProcessId | null | undefined, call: NodeCall): Promise<StopState>;
  /** Returns when the process has ended, if need be by force. Stops this process only, whatever else runs by then. */
  stop(expected: ProcessId | null | undefined, stopping: Stopping, call: NodeCall): Promise<Stopped>;
  /**
   * Starts the node unless it runs, and waits until it has a process, which may be the old one; null = none came up
   * within 20 s.
   */
  start(call: NodeCall): Promise<ProcessId | null>;
  /** Null = the user who would start the node is the one it belongs to. */
  startedAs(call: NodeCall): Promise<StartedAs | null>;
  /** The end of each of its logs, as `be.out: …`, the most helpful one first; empty = none can be read. */
  lastLogLines(count: number, call: NodeCall): Promise<readonly string[]>;
  /**
   * Unpacks the release beside the binaries from the archive kept at `archiveDir`; nothing that runs is touched. For a node
   * that is new its `conf` comes too.
   */
  stage(
    release: Replacement['release'],
    from: { readonly archiveDir: string; readonly isNew: boolean },
    call: NodeCall,
  ): Promise<void>;
  unstage(release: Replacement['release'], call: NodeCall): Promise<void>;
  /** True when the release is staged and not in place yet. Null = that cannot be found out. */
  isStaged(release: Replacement['release'], call: NodeCall): Promise<boolean | null>;
  /** Null = that cannot be found out. */
  binaries(replacement: Replacement, call: NodeCall): Promise<BinariesState | null>;
  /** Puts the staged binaries in place and keeps the present ones; refused (`PRECONDITION_FAILED`) while the node runs. */
  swapIn(replacement: Replacement, call: NodeCall): Promise<void>;
  /** The reverse of `swapIn`, also from half-way. */
  putBack(replacement: Replacement, call: NodeCall): Promise<void>;
  kept(call: NodeCall): Promise<readonly KeptBinaries[]>;
  /** Removes the kept and the staged binaries: there is no way back after this. */
  removeKept(call: NodeCall): Promise<void>;
  /** What of a new node is there. Throws `COMMAND_FAILED` when that cannot be found out. */
  installed(installation: Installation, call: NodeCall): Promise<InstalledState>;
  /**
   * Makes the directories of a new node, each with a marker that names the run and the node, after a look that nobody is
   * there. `PRECONDITION_FAILED`: a port is taken, a directory holds something, or leads somewhere else; nothing was made
   * then that was not made before.
   */
  claim(installation: Installation, call: NodeCall): Promise<void>;
  /** Puts the staged release in place, its `conf` too. Only in directories that are ours; nothing is overwritten. */
  install(installation: Installation, call: NodeCall): Promise<void>;
  /** Writes the node's conf file. Another one that is there is not overwritten (`PRECONDITION_FAILED`). */
  configure(installation: Installation, conf: string, call: NodeCall): Promise<void>;
  /**
   * Writes the unit and tells systemd of it; `startNew` has it start with the machine. Needs root without a password
   * (`CREDENTIAL_MISSING`); a unit that is there is not overwritten. Only for a node whose place names a unit.
   */
  writeUnit(installation: Installation, text: string, call: NodeCall): Promise<void>;
  /**
   * Starts a new node, once, in directories that are ours, and for the first time only while its data directories are
   * empty. A second call finds the process of the first. Null = no process came up within 20 s.
   */
  startNew(installation: Installation, first: FirstStart, call: NodeCall): Promise<ProcessId | null>;
  /** Empties the data directories that are ours; refused while anything runs from them. */
  clearData(installation: Installation, call: NodeCall): Promise<void>;
  /**
   * Takes away what is ours of this run: directories that were absent before are removed, others are left empty. Refused
   * while anything runs from there.
   */
  uninstall(installation: Installation, call: NodeCall): Promise<void>;
  /** Removes the unit that this run has written. */
  removeUnit(installation: Installation, call: NodeCall): Promise<void>;
}

/** The part of a node that only reads. */
export type NodeReader = Pick<
  Node,
  'process' | 'stopState' | 'startedAs' | 'lastLogLines' | 'isStaged' | 'binaries' | 'kept' | 'installed'
>;
