import type { NodeKind } from '../../domain/cluster.ts';
import type { BinariesState, KeptBinaries, Replacement } from '../../domain/node-binaries.ts';
import type { ProcessId } from '../../domain/process-id.ts';
import type { StartedAs } from '../../domain/words.ts';

export type NodeCall = {
  readonly signal: AbortSignal;
  /** Called with each line for people, the node's label in front. */
  readonly log?: (line: string) => void;
};

export type Stopping = {
  /** Running work ends first; false = a backend or compute node is ended at once. */
  readonly graceful: boolean;
  /** Whatever still runs after so long is killed. */
  readonly timeoutSeconds: number;
  /** What runs now, as the node tells it: which ways to stop it knows. */
  readonly version: string;
};

/**
 * `ending`: it runs, and looks as one that was told to end; whoever told it waits, anybody else still has to. `returns`: it
 * has ended, and what supervises the node starts it again unless it is told to stop.
 */
export type StopState = 'running' | 'ending' | 'ended' | 'returns';

/** `ended` = seen to be so, for good. `unsure` = ask `stopState`. Another process runs: nothing was sent. */
export type Stopped = 'ended' | 'unsure' | { readonly runsAs: ProcessId };

/**
 * A node as a plan knows it. The inventory says where it is now and what runs it, by its id, else by its very directory. Of one that
 * the inventory has lost since (it left the cluster, or came back as another) the plan's word is taken, where it says the kind
 * and the host is still attached: a node that was stopped is not left down for that, and what was kept can be put back.
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
 * One node, whatever runs it. `expected` is the process that was noted: null = none ran, undefined = whatever runs. Throws
 * what the transport throws, and `COMMAND_FAILED` when the node's tools fail or an answer is none: nothing is concluded then.
 * What changes the node may be called again after a crash, and does it once. Where it cannot be reached any
 * more, `CREDENTIAL_MISSING`.
 */
export interface Node {
  /** Null = none runs. One that ended and was not waited for does not run, nor does another program with its number. */
  process(call: NodeCall): Promise<ProcessId | null>;
  stopState(expected: ProcessId | null | undefined, call: NodeCall): Promise<StopState>;
  /** Returns when the process has ended, if need be by force; it alone, whatever runs by then. */
  stop(expected: ProcessId | null | undefined, stopping: Stopping, call: NodeCall): Promise<Stopped>;
  /** Starts it unless it runs, and waits until it has a process, the old one perhaps; null = none came up in 20 s. */
  start(call: NodeCall): Promise<ProcessId | null>;
  /** Null = whoever would start it is whom it belongs to. */
  startedAs(call: NodeCall): Promise<StartedAs | null>;
  /** The end of each of its logs, as `be.out: …`, the most telling first; empty = none can be read. */
  lastLogLines(count: number, call: NodeCall): Promise<readonly string[]>;
  /** Unpacks the release beside the binaries from the archive kept at `archiveDir`; nothing that runs is touched. */
  stage(release: Replacement['release'], archiveDir: string, call: NodeCall): Promise<void>;
  unstage(release: Replacement['release'], call: NodeCall): Promise<void>;
  /** Whether it waits to be put in place: one that is in place is not staged. Null = cannot be told. */
  isStaged(release: Replacement['release'], call: NodeCall): Promise<boolean | null>;
  /** Null = cannot be told. */
  binaries(replacement: Replacement, call: NodeCall): Promise<BinariesState | null>;
  /** Puts the staged binaries in place and keeps the present ones; refused (`PRECONDITION_FAILED`) while it runs. */
  swapIn(replacement: Replacement, call: NodeCall): Promise<void>;
  /** The reverse, from half-way too. */
  putBack(replacement: Replacement, call: NodeCall): Promise<void>;
  kept(call: NodeCall): Promise<readonly KeptBinaries[]>;
  /** Removes what is kept and staged: there is no way back after this. */
  removeKept(call: NodeCall): Promise<void>;
}

/** The same for whoever only looks. */
export type NodeReader = Pick<
  Node,
  'process' | 'stopState' | 'startedAs' | 'lastLogLines' | 'isStaged' | 'binaries' | 'kept'
>;
