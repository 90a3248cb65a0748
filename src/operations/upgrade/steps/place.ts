import { z } from 'zod';
import type { NodeProcess } from '../../../adapters/ssh/answers.ts';
import { parseNodeLogs } from '../../../adapters/ssh/host-answers.ts';
import { readNodeLogs } from '../../../adapters/ssh/host-commands.ts';
import { hostFailureOf } from '../../../adapters/ssh/host-failure.ts';
import type { Shell, ShellResult } from '../../../adapters/ssh/port.ts';
import { keptNameOf, stagedIdOf } from '../../../adapters/ssh/release-dirs.ts';
import type { NodeKind, ObservedNode } from '../../../domain/cluster.ts';
import type { Inventory } from '../../../domain/inventory.ts';
import type { Check } from '../../../domain/next-action.ts';
import type { Told } from '../../../domain/told.ts';
import { AppError } from '../../../errors.ts';
import { readConfOn } from '../../../steps/read-node-conf.ts';

/**
 * A node that is taken from one version to another, and where it is. No process is named here: a plan must be the same
 * plan after the node was restarted, and every step finds out for itself what runs.
 */
export const nodeMove = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind: z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']),
  /** As the cluster names it: the `IP` column and the edit-log or heartbeat port. */
  host: z.string(),
  port: z.number(),
  hostId: z.string(),
  deployDir: z.string(),
  unit: z.string().nullable(),
  /** The version that runs before the step, as the node tells it. */
  fromVersion: z.string(),
  /** The version that is to run afterwards. */
  toVersion: z.string(),
  /** The release that is staged: it is swapped in, or was swapped in and is taken back. */
  release: z.object({ version: z.string(), sha256: z.string() }),
  /** What ran before the release came, as its kept binaries are named. */
  keptVersion: z.string(),
  stopTimeoutSeconds: z.number(),
  /** It keeps replicas of tablets, which have to be complete again before the next node goes. */
  hasTablets: z.boolean(),
  /** Seconds that the node may take to come back. */
  gateTimeoutSeconds: z.number(),
});
export type NodeMove = z.infer<typeof nodeMove>;

/** The way back of a move: the same release leaves, the kept binaries return. */
export function reversed(move: NodeMove): NodeMove {
  return { ...move, fromVersion: move.toVersion, toVersion: move.fromVersion };
}

export const commandKinds = {
  FRONTEND: 'frontend',
  BACKEND: 'backend',
  COMPUTE_NODE: 'compute-node',
} as const satisfies Record<NodeKind, string>;

/** Whether a row of the cluster is that node. */
export function isNode(
  row: Pick<ObservedNode, 'kind' | 'host' | 'port'>,
  node: Pick<ObservedNode, 'kind' | 'host' | 'port'>,
): boolean {
  return row.kind === node.kind && row.host === node.host && row.port === node.port;
}

/** Compute nodes run from the backend's part of an archive. */
export function archivePartOf(kind: NodeKind): 'fe' | 'be' {
  return kind === 'FRONTEND' ? 'fe' : 'be';
}

export function swapOf(move: NodeMove, runId: string) {
  return {
    deployDir: move.deployDir,
    kind: commandKinds[move.kind],
    stagedId: stagedIdOf(move.release),
    keptName: keptNameOf({ version: move.keptVersion, runId }),
  };
}

/** Throws what a script on a host said about its failure; `what` begins the sentence. */
export function throwIfFailed(what: string, result: ShellResult, hint?: string): void {
  const failure = hostFailureOf(result);
  if (failure === null) return;
  throw new AppError(
    failure.reason === 'nodeRuns' ? 'PRECONDITION_FAILED' : 'COMMAND_FAILED',
    `${what}: ${failure.message}`,
    {
      hint: hint ?? hints[failure.reason] ?? 'Look at the host, then retry the run.',
      // Another script of ours is at work there: this one waits for its turn.
      retryable: failure.reason === 'busy',
    },
  );
}

const hints: Partial<Record<NonNullable<ReturnType<typeof hostFailureOf>>['reason'], string>> = {
  noSpace: 'Free space in the file system of the deploy directory, then retry the run. Nothing was left half unpacked.',
  denied: 'The SSH user must be allowed to write in the deploy directory.',
  badArchive: 'The archive is not the one that was registered. Register the right one, then ask again.',
  download: 'Look at the server that holds the archive, then retry the run; what has come already is kept.',
  nodeRuns: 'Somebody started the node meanwhile. Stop it or let it be, then retry the run.',
};

/** Not null when somebody registered the release anew since the plan was made: its archive is not what is wanted any more. */
export async function otherArchive(
  inventory: Inventory,
  { version, sha256 }: { version: string; sha256: string },
): Promise<Extract<Check, { state: 'blocked' }> | null> {
  const registered = await inventory.findRelease(version);
  if (registered === null || registered.sha256 === sha256) return null;
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${version} is another archive in the catalogue now than the one that this run was planned with`,
    hint: 'Undo this run, then ask for the same again. Without the undo, nodes that run the version already keep what they have.',
  };
}

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export async function lastLogLines(
  shell: Shell,
  { kind, deployDir }: { kind: NodeKind; deployDir: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const conf = await readConfOn(shell, { kind, deployDir }, { keys: ['sys_log_dir'], names: ['LOG_DIR'], signal });
  // What cannot be told is looked for where it usually is: these lines decide nothing.
  const told = (found: Told<string | null>) => ('value' in found && found.value?.startsWith('/') ? found.value : null);
  const outDir = (typeof conf === 'string' ? null : told(conf.started('LOG_DIR'))) ?? `${deployDir}/log`;
  const logDir = (typeof conf === 'string' ? null : told(conf.text('sys_log_dir'))) ?? outDir;
  const command = readNodeLogs({ kind: commandKinds[kind], outDir, logDir, lines: 8 });
  return parseNodeLogs((await shell.run(command, { signal })).stdout).flatMap(({ name, lines }) =>
    lines.map((line) => `${name}: ${line}`),
  );
}

const processShape = z.object({ pid: z.number(), startedAtTicks: z.string() });

/** What is noted of a node before it is stopped: its process, and since when the cluster knows it. */
export const notedNode = z.object({
  process: processShape.nullable(),
  startedAt: z.string().nullable(),
});
export type NotedNode = z.infer<typeof notedNode>;

/** A process as facts of a step keep it. */
export function factsOf(running: NodeProcess | null): NotedNode['process'] {
  return running === null ? null : { pid: running.pid, startedAtTicks: running.startedAtTicks };
}
