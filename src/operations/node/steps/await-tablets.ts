import { readFrontendValues, setFrontendValue } from '../../../adapters/starrocks/frontend-config.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { theCluster } from '../../../domain/subject.ts';
import { tabletsInWords, unhealthyTablets } from '../../../domain/tablet-health.ts';
import { defineStep } from '../../../steps/define.ts';
import { nodePlace } from './node-place.ts';

/** The setting that keeps the scheduler from repairing, and StarRocks' own value for it. */
const repairKey = 'tablet_sched_max_scheduling_tablets';
const repairDefault = '10000';

/**
 * A gate: every tablet has all its replicas again. What was written while the node was away has to be copied to it, which
 * the scheduler hardly does while it is paused. So repair alone is allowed until the cluster is whole, and paused again
 * before the next node. Balancing stays off.
 */
export const awaitTablets = defineStep({
  kind: 'awaitTablets',
  // About the cluster, not about the node: the node is back, and its alerts must not be muted any more.
  params: nodePlace.pick({ label: true, gateTimeoutSeconds: true }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: ({ gateTimeoutSeconds }) => gateTimeoutSeconds * 1_000,
  settleMs: 24 * 3_600_000, // the step's own time is the limit
  repeat: 'safe',
  describe: ({ label }) => `Wait until all tablets are whole again after ${label} was away`,
  check: async ({ label }, { sql }, { signal }) => {
    const health = await readTabletHealth(sql, { signal });
    if (unhealthyTablets(health) === 0) return { state: 'done' };
    const isPaused = (await readFrontendValues(sql, repairKey, { route: 'leader', signal }))[repairKey] === '0';
    if (isPaused) return { state: 'todo' };
    return {
      state: 'moving',
      progress: {
        completed: 0,
        total: null,
        message: `Not whole since ${label} was away: ${tabletsInWords(health)}`,
      },
      wakeAfterMs: 500,
    };
  },
  apply: async (_params, { sql }, { signal, log }) => {
    log('Lets the scheduler repair until every tablet is whole');
    await setFrontendValue(sql, { key: repairKey, value: repairDefault }, { route: 'leader', signal });
  },
  undo: { nothing: 'It only waits; the ledger puts the scheduler back.' },
});

/** How many tablets of users miss a replica, or may miss one; throws when that cannot be read. */
export async function countUnhealthy(sql: SqlReader, signal: AbortSignal): Promise<number> {
  return unhealthyTablets(await readTabletHealth(sql, { signal }));
}
