import { z } from 'zod';
import { problemsIn, readRunMode, readTopology, toObservedNodes } from '../../adapters/starrocks/read-topology.ts';
import { theCluster } from '../../domain/subject.ts';
import { AppError } from '../../errors.ts';
import { defineStep } from '../../steps/define.ts';

/** Asks the cluster for its nodes and records them. Changes nothing on the cluster. */
export const saveTopology = defineStep({
  kind: 'saveTopology',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  ports: ['sql', 'inventory'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: () => 'Read the nodes of the cluster',
  check: async (_params, { inventory }, { clusterId, startedAt }) => {
    const cluster = await inventory.findCluster(clusterId);
    if (cluster === null)
      return {
        state: 'blocked',
        code: 'NOT_FOUND',
        message: 'The cluster was unregistered meanwhile',
        hint: 'Register it again.',
      };
    const fresh = startedAt !== null && cluster.observedAt !== null && cluster.observedAt >= startedAt;
    return fresh
      ? { state: 'done', facts: { nodes: (await inventory.listNodes(clusterId)).length } }
      : { state: 'todo' };
  },
  apply: async (_params, { sql }, { signal }) => {
    const found = await readTopology(sql, { signal });
    const nodes = toObservedNodes(found);
    const topology = { nodes, runMode: await runModeOrNull(sql, signal), problems: problemsIn(found) };
    // A cluster keeps the id that it gave itself: what was backed up before it was unregistered belongs to it again.
    const origin = found.frontends.find(({ clusterId }) => clusterId !== '')?.clusterId ?? null;
    return {
      state: 'done',
      facts: { nodes: nodes.length },
      records: [
        { record: 'topologySeen', topology },
        ...(origin === null ? [] : [{ record: 'backupsAdopted', origin } as const]),
      ],
    };
  },
  undo: { nothing: 'It only reads.' },
});

async function runModeOrNull(sql: Parameters<typeof readRunMode>[0], signal: AbortSignal): Promise<string | null> {
  try {
    return await readRunMode(sql, { signal });
  } catch (error) {
    // A user without OPERATE may still be good enough for reading; the check report names the missing privilege.
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return null;
    throw error;
  }
}
