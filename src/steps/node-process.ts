import { z } from 'zod';
import { type NodeProcess, parseAlive, parseNodeProcess } from '../adapters/ssh/answers.ts';
import { isAtLeast34, isProcessAlive, readPid } from '../adapters/ssh/commands.ts';
import { hostFailureOf } from '../adapters/ssh/host-failure.ts';
import { signalProcess } from '../adapters/ssh/kill-process.ts';
import type { Shell, ShellCommand } from '../adapters/ssh/port.ts';
import { startOnce } from '../adapters/ssh/start-once.ts';
import { untilEnded } from '../adapters/ssh/until-ended.ts';
import { problemsIn, readTopology, toObservedNodes } from '../adapters/starrocks/read-topology.ts';
import type { NodeKind } from '../domain/cluster.ts';
import { nodeSubject } from '../domain/subject.ts';
import { AppError } from '../errors.ts';
import { defineStep } from './define.ts';
import { commandFailed, type NodeService, type Stopping, startCommand, stopCommand } from './node-service.ts';

const kind = z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']);
const processShape = z.object({ pid: z.number(), startedAtTicks: z.string() });

/** A node and where it runs. `process` is the one that ran when the plan was made; null = none did. */
const nodePlace = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind,
  hostId: z.string(),
  deployDir: z.string(),
  version: z.string(),
  process: processShape.nullable(),
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  unit: z.string().nullable().default(null),
});

export type NodePlace = z.infer<typeof nodePlace>;

/** How the shell commands call a kind. */
export const commandKind = {
  FRONTEND: 'frontend',
  BACKEND: 'backend',
  COMPUTE_NODE: 'compute-node',
} as const satisfies Record<NodeKind, string>;

/** The process of the node; null when none runs. One that has ended and was not waited for does not run. */
export async function readNodeProcess(
  shell: Shell,
  node: { kind: NodeKind; deployDir: string },
  signal: AbortSignal,
): Promise<NodeProcess | null> {
  const answer = await shell.run(readPid({ deployDir: node.deployDir, kind: commandKind[node.kind] }), { signal });
  const found = parseNodeProcess(answer.stdout);
  if (found === 'unknown') {
    const said = answer.stderr.trim() || answer.stdout.trim() || 'it answers nothing';
    throw new AppError(
      'COMMAND_FAILED',
      `Which process the pid file in ${node.deployDir} names cannot be told: ${said}`,
      {
        hint: 'The user who logs in has to be able to read the directory, and to see the process in /proc.',
      },
    );
  }
  return found?.comm === programNames[node.kind] ? found : null;
}

/** Whether that very process still runs. What the host does not say in so many words is not concluded. */
export async function isAlive(
  shell: Shell,
  process: { pid: number; startedAtTicks: string },
  signal: AbortSignal,
): Promise<boolean> {
  const { stdout, stderr, exitCode } = await shell.run(isProcessAlive(process), { signal });
  const alive = parseAlive(stdout);
  if (alive !== null) return alive;
  const said = stderr.trim() || `exit code ${exitCode}`;
  throw new AppError('COMMAND_FAILED', `The host does not say whether process ${process.pid} still runs: ${said}`, {
    hint: 'The user who logs in has to see the process in /proc (a mount option `hidepid` hides those of others).',
  });
}

/**
 * What `ps -o comm=` calls a node, as StarRocks' own stop scripts compare it. A pid file that outlived its process may
 * name any other program by now, and `stop_fe.sh` up to 3.3 says so and kills it all the same.
 */
const programNames = {
  FRONTEND: 'java',
  BACKEND: 'starrocks_be',
  COMPUTE_NODE: 'starrocks_be',
} as const satisfies Record<NodeKind, string>;

type Starting = { readonly signal: AbortSignal; readonly log: (line: string) => void };

/** The one way to start a node, for whatever purpose. systemd starts nothing twice by itself; the scripts would. */
export async function startService(
  session: Shell,
  node: NodeService & { readonly label: string },
  { signal, log }: Starting,
): Promise<void> {
  const { kind, deployDir, unit, label } = node;
  const start = startCommand(node);
  const command = unit === null ? startOnce({ deployDir, kind: commandKind[kind] }, start) : start;
  const result = await session.run(command, {
    signal,
    timeoutMs: 120_000,
    onLine: (line) => log(`${label}: ${line}`),
  });
  const failure = unit === null ? hostFailureOf(result) : null;
  if (failure?.reason === 'busy') {
    throw new AppError('COMMAND_FAILED', `Starting ${label}: ${failure.message}`, {
      hint: 'Look at the host, then retry the run.',
      // Another script of ours is at work there: this one waits for its turn.
      retryable: true,
    });
  }
  if (result.exitCode !== 0) throw commandFailed(`The start script of ${label}`, result);
}

/**
 * Starts the node by its own script. The script's exit code says little, so the effect is a running process that is not
 * the one from before; a binary may take seconds to write its pid file.
 */
export const startNode = defineStep({
  kind: 'startNode',
  params: nodePlace,
  about: nodeSubject,
  effect: 'brings-back',
  ports: ['shell'],
  timeoutMs: 180_000,
  settleMs: 30_000,
  repeat: 'safe', // a second one waits for the first, and finds the process that it started
  describe: ({ label }) => `Start ${label}`,
  check: async (node, { shell }, { signal }) => {
    const running = await readNodeProcess(await shell(node.hostId), node, signal);
    const isNew = running !== null && !isSameProcess(running, node.process);
    return isNew
      ? { state: 'done', facts: { pid: running.pid, startedAtTicks: running.startedAtTicks } }
      : { state: 'todo' };
  },
  apply: async (node, { shell }, { signal, log }) => {
    const session = await shell(node.hostId);
    await startService(session, node, { signal, log });
  },
  undo: { nothing: 'The node runs; stopping it again would help nobody.' },
});

/** Stops the very process that ran when the plan was made, and no other. */
export const stopNode = defineStep({
  kind: 'stopNode',
  params: nodePlace.extend({ process: processShape, graceful: z.boolean(), timeoutSeconds: z.number() }),
  about: nodeSubject,
  effect: 'takes-away',
  ports: ['shell'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 60) * 1_000,
  settleMs: 600_000, // stop_cn.sh returns at once while the process drains
  repeat: 'safe', // a second signal to a process that is stopping changes nothing
  bindsNext: true, // a node that was stopped to be restarted is not left down
  describe: ({ label, graceful, process }) =>
    `Stop ${label} (pid ${process.pid})${graceful ? ', letting its work end' : ''}`,
  check: async (node, { shell }, { signal, attempts }) => {
    const session = await shell(node.hostId);
    if (!(await isAlive(session, node.process, signal))) return { state: 'done', facts: { pid: node.process.pid } };
    // stop_cn.sh removes the pid file at once, while the process drains: there is nothing to send again.
    const isDraining = attempts > 0 && isOutOfReach(await readNodeProcess(session, node, signal));
    if (!isDraining) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${node.label} is stopping: its pid file is gone` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (node, { shell }, { signal, log }) => {
    const session = await shell(node.hostId);
    const running = await readNodeProcess(session, node, signal);
    if (running === null || !isSameProcess(running, node.process)) {
      throw new AppError(
        'PRECONDITION_FAILED',
        `${node.label} runs as ${running === null ? 'no process' : `process ${running.pid}`} now, not as ${node.process.pid}, which was to be stopped`,
        { hint: 'Somebody restarted it meanwhile. Look at the host, then ask again.' },
      );
    }
    const result = await session.run(stopOf(node, node, running), {
      signal,
      timeoutMs: (node.timeoutSeconds + 30) * 1_000,
      onLine: (line) => log(`${node.label}: ${line}`),
    });
    if (result.exitCode !== 0) throw commandFailed(`The stop script of ${node.label}`, result);
  },
  undo: { steps: ({ graceful: _graceful, timeoutSeconds: _timeout, ...node }) => [startNode.with(node)] },
});

/** No pid file names it, or not any more: `stop_cn.sh` removes it at once, and the process drains. */
export function isOutOfReach(running: NodeProcess | null): boolean {
  return running === null || running.pidFile === null;
}

/** The stop command; where the script would not find the process, the signal that it would send. */
export function stopOf(node: NodeService, stopping: Stopping, running: NodeProcess | null): ShellCommand {
  const stop = stopCommand(node, stopping);
  if (node.unit !== null || running === null) return stop;
  if (!isOutOfReach(running)) return untilEnded(stop, running);
  if (node.kind !== 'FRONTEND') return signalProcess(running, stopping.graceful ? 'TERM' : 'KILL');
  return signalProcess(running, stopping.graceful && isAtLeast34(stopping.version) ? 'USR1' : 'TERM');
}

/** A gate: the cluster itself says that the node is back, with a start time that is not the one from before. */
export const awaitNode = defineStep({
  kind: 'awaitNode',
  params: z.object({
    nodeId: z.string(),
    label: z.string(),
    kind,
    host: z.string(),
    port: z.number(),
    startedBefore: z.string().nullable(),
  }),
  about: nodeSubject,
  effect: 'brings-back',
  ports: ['sql', 'http'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ label }) => `Wait until the cluster says that ${label} is alive again`,
  check: async (node, { sql, http }, { signal }) => {
    const topology = await readTopology(sql, { signal }, { waitMs: 0 });
    const nodes = toObservedNodes(topology);
    const row = nodes.find(
      (candidate) => candidate.kind === node.kind && candidate.host === node.host && candidate.port === node.port,
    );
    const moving = (message: string) => ({
      state: 'moving' as const,
      progress: { completed: 0, total: null, message },
      wakeAfterMs: 1_000,
    });
    if (row === undefined) {
      return {
        state: 'blocked',
        code: 'POSTCHECK_FAILED',
        message: `${node.label} is not in the cluster any more`,
        hint: 'Look at SHOW FRONTENDS and SHOW BACKENDS.',
      };
    }
    if (!row.alive)
      return moving(`${node.label} is not alive yet${row.errorMessage === null ? '' : `: ${row.errorMessage}`}`);
    if (row.startedAt === null || row.startedAt === node.startedBefore)
      return moving(`${node.label} has not reported its new start yet`);
    if (!nodes.some((candidate) => candidate.role === 'LEADER' && candidate.alive))
      return moving('The frontends have no leader yet');
    if (row.httpPort !== null && !(await isHealthy(http, { host: row.host, httpPort: row.httpPort }, signal)))
      return moving(`${node.label} does not answer /api/health yet`);
    return {
      state: 'done',
      facts: { startedAt: row.startedAt, version: row.version ?? '' },
      records: [{ record: 'topologySeen', topology: { nodes, runMode: null, problems: problemsIn(topology) } }],
    };
  },
  undo: { nothing: 'It only waits.' },
});

async function isHealthy(
  http: { health(node: { host: string; httpPort: number }, call: { signal: AbortSignal }): Promise<boolean> },
  node: { host: string; httpPort: number },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await http.health(node, { signal });
  } catch (error) {
    if (error instanceof AppError && error.retryable) return false;
    throw error;
  }
}

function isSameProcess(running: NodeProcess, before: { pid: number; startedAtTicks: string } | null): boolean {
  return before !== null && running.pid === before.pid && running.startedAtTicks === before.startedAtTicks;
}
