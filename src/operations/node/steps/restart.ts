import { z } from 'zod';
import { problemsIn, readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { isSameProcess, processNumber } from '../../../domain/process-id.ts';
import { findLeader } from '../../../domain/quorum.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { processId } from '../../../steps/process-id.ts';

const kind = z.enum(['FRONTEND', 'BACKEND', 'COMPUTE_NODE']);

/** A node and where it runs. `process` is the one that ran when the plan was made; null = none did. */
const nodePlace = z.object({
  nodeId: z.string(),
  label: z.string(),
  kind,
  hostId: z.string(),
  deployDir: z.string(),
  version: z.string(),
  process: processId.nullable(),
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  unit: z.string().nullable().default(null),
});

/**
 * Starts the node. A start command that succeeds proves little, so the effect is a running process that is not the one
 * from before.
 */
export const startNode = defineStep({
  kind: 'startNode',
  params: nodePlace,
  about: nodeSubject,
  effect: 'brings-back',
  ports: ['node'],
  timeoutMs: 180_000,
  settleMs: 30_000,
  repeat: 'safe', // a second start waits for the first, and finds the process that it started
  describe: ({ label }) => `Start ${label}`,
  check: async (place, { node }, { signal }) => {
    const running = await (await node(place)).process({ signal });
    const isNew = running !== null && !isSameProcess(running, place.process);
    return isNew ? { state: 'done', facts: running } : { state: 'todo' };
  },
  apply: async (place, { node }, { signal, log }) => {
    const running = await (await node(place)).start({ signal, log });
    if (running !== null && !isSameProcess(running, place.process)) return { state: 'done', facts: running };
  },
  undo: { nothing: 'The node runs; stopping it again would help nobody.' },
});

/** Stops the process that ran when the plan was made, and no other. */
export const stopNode = defineStep({
  kind: 'stopNode',
  params: nodePlace.extend({ process: processId, graceful: z.boolean(), timeoutSeconds: z.number() }),
  about: nodeSubject,
  effect: 'takes-away',
  ports: ['node'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 3_600_000, // a compute node drains after it was told to stop; the step's own time is the limit
  repeat: 'safe', // a process that is stopping already is not sent anything new
  bindsNext: true, // a node that was stopped to be restarted is not left down
  describe: ({ label, graceful, process }) =>
    `Stop ${label} (pid ${processNumber(process)})${graceful ? ', letting its work end' : ''}`,
  check: async (place, { node }, { signal, attempts }) => {
    const { label, process } = place;
    const state = await (await node(place)).stopState(process, { signal });
    // A node that its supervisor starts again was restarted, which is what is wanted.
    if (state === 'ended' || state === 'returns') return { state: 'done', facts: process };
    if (state === 'running' || attempts === 0) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${label} is stopping: its pid file is gone` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (place, { node }, { signal, log }) => {
    const { label, process, graceful, timeoutSeconds, version } = place;
    const stopping = { graceful, timeoutSeconds, version };
    const stopped = await (await node(place)).stop(process, stopping, { signal, log });
    if (stopped === 'ended') return { state: 'done', facts: process };
    if (stopped === 'unsure') return;
    throw new AppError(
      'PRECONDITION_FAILED',
      `${label} runs as process ${processNumber(stopped.runsAs)} now, not as ${processNumber(process)}, which was to be stopped`,
      { hint: 'Somebody restarted it meanwhile. Look at the host, then ask again.' },
    );
  },
  undo: { steps: ({ graceful: _graceful, timeoutSeconds: _timeout, ...node }) => [startNode.with(node)] },
});

/** A gate: the cluster itself says that the node is back, with a start time other than the one from before. */
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
    const row = findSameNode(nodes, node);
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
    if (findLeader(nodes) === undefined) return moving('The frontends have no leader yet');
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
