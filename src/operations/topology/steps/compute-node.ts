import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readRunMode, readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { dropComputeNode as dropComputeNodeStatement } from '../../../adapters/starrocks/statements.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import type { ComputeNodeRow } from '../../../domain/topology.ts';
import { computeNodeRefusals } from '../../../domain/topology-change/compute-node-guards.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { findRow } from './find-row.ts';
import { type LeavingNode, leavingNode, reachableNode, refOf, removedRecord, startStopped } from './leaving-node.ts';
import { noteLeaving } from './note-leaving.ts';

/**
 * Waits until no query runs on the compute node, for as long as was asked for. New ones may come meanwhile, so this is a
 * help and no promise: what still runs afterwards is drained by the stop (3.4 and later) or fails.
 */
export const awaitIdle = defineStep({
  kind: 'awaitIdle',
  params: leavingNode.extend({ queryWaitSeconds: z.number() }),
  about: nodeSubject,
  effect: 'waits',
  ports: ['sql'],
  timeoutMs: ({ queryWaitSeconds }) => (queryWaitSeconds + 120) * 1_000,
  repeat: 'safe',
  describe: ({ label, queryWaitSeconds }) => `Wait until no query runs on ${label}, for ${queryWaitSeconds} s at most`,
  check: async (leaving, { sql }, { signal, now, startedAt, log }) => {
    const row = await findComputeNode(sql, leaving, signal);
    const running = row?.alive === true ? (row.runningQueries ?? 0) : 0;
    if (running === 0) return { state: 'done', facts: { running } };
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (waitedMs >= leaving.queryWaitSeconds * 1_000) {
      log(`${leaving.label} still runs ${count(running, 'query')}, which nobody waits for any longer`);
      return { state: 'done', facts: { running } };
    }
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${leaving.label} runs ${count(running, 'query')}` },
      wakeAfterMs: 2_000,
    };
  },
  undo: { nothing: 'It only waits.' },
});

/** Stops a compute node that is still in the cluster, so that nothing new is sent to it; before that, the others can serve. */
export const stopComputeNode = defineStep({
  kind: 'stopComputeNode',
  params: reachableNode.extend({ timeoutSeconds: z.number(), together: z.array(z.string()) }),
  about: nodeSubject,
  effect: 'takes-away',
  ports: ['sql', 'node'],
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 3_600_000, // it drains after it was told to stop; the step's own time is the limit
  repeat: 'safe', // a process that is stopping already is not sent anything new
  bindsNext: true, // a node that was stopped to be dropped is dropped
  describe: ({ label }) => `Stop ${label}, letting its queries end`,
  check: async (leaving, { node }, { signal, attempts }) => {
    const state = await (await node(refOf(leaving))).stopState(undefined, { signal });
    if (state === 'ended') return { state: 'done', facts: { processEnded: true } };
    if (state !== 'ending' || attempts === 0) return { state: 'todo' };
    return {
      state: 'moving',
      progress: { completed: 0, total: null, message: `${leaving.label} lets its queries end` },
      wakeAfterMs: 1_000,
    };
  },
  apply: async (leaving, { sql, node }, { signal, log }) => {
    await guard(sql, leaving, signal);
    const { timeoutSeconds, version } = leaving;
    await (await node(refOf(leaving))).stop(undefined, { graceful: true, timeoutSeconds, version }, { signal, log });
  },
  facts: z.object({ processEnded: z.boolean() }),
  recover: (leaving) => [startStopped(leaving)],
  undo: { steps: (leaving) => [startStopped(leaving)] },
});

/** Drops a compute node and looks. It keeps no data; in a shared-data cluster another worker has to be left. */
export const dropComputeNode = defineStep({
  kind: 'dropComputeNode',
  params: leavingNode.extend({ together: z.array(z.string()) }),
  about: nodeSubject,
  effect: 'changes',
  needs: { noted: [noteLeaving], stopped: [stopComputeNode] },
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 10_000,
  repeat: 'safe', // a node that is gone is not dropped again
  bindsNext: true, // its process is looked for once more: what supervises it may have started it again
  pointOfNoReturn: true, // a node that was dropped is not started again
  describe: ({ label }) => `Drop ${label}, and look that it is out of the cluster`,
  check: async (leaving, { sql }, { signal, found }) => {
    if ((await findRow(sql, leaving, signal)) !== null) return { state: 'todo' };
    const processEnded = found.stopped?.processEnded ?? null;
    return {
      state: 'done',
      records: [removedRecord(leaving, { noted: found.noted, processEnded })],
    };
  },
  apply: async (leaving, { sql }, { signal }) => {
    await guard(sql, leaving, signal);
    await sql.query(dropComputeNodeStatement({ host: leaving.host, port: leaving.port }), { signal });
  },
  undo: { impossible: 'A compute node that was dropped can only be added again: addRunningNodes, or addComputeNodes' },
});

async function guard(
  sql: SqlReader,
  leaving: { readonly together: readonly string[] },
  signal: AbortSignal,
): Promise<void> {
  const topology = await readTopology(sql, { signal }, { waitMs: 0 });
  const runMode = await readRunMode(sql, { signal });
  const [why] = computeNodeRefusals({ ...topology, runMode }, leaving.together);
  if (why !== undefined) throw new AppError(why.code, why.message, { hint: why.hint });
}

async function findComputeNode(
  sql: SqlReader,
  { host, port }: LeavingNode,
  signal: AbortSignal,
): Promise<ComputeNodeRow | undefined> {
  const { computeNodes } = await readTopology(sql, { signal }, { waitMs: 0 });
  return computeNodes.find((row) => row.host === host && row.heartbeatPort === port);
}
