import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { whyKeepUp } from '../../../domain/upgrade/move-safety.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { countUnhealthy } from './await-tablets.ts';
import { type NodePlace, nodePlace, notedNode } from './node-place.ts';

/**
 * Before a node that failed is put back, records its process and since when the cluster knows it, because some stop
 * scripts remove the pid file first. A node that serves is not stopped while another one is away and it would be missed.
 */
export const noteProcess = defineStep({
  kind: 'noteProcess',
  params: nodePlace,
  about: nodeSubject,
  effect: 'looks',
  facts: notedNode,
  ports: ['node', 'sql'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ label }) => `See whether ${label} may be stopped to be put back, and which process it is`,
  check: async (place, { node, sql }, { signal }) => {
    const running = await (await node(place)).process({ signal });
    const seen = await seenBy(sql, place, signal);
    const why = running === null ? null : (seen?.why ?? null);
    if (why === null) return { state: 'done', facts: { process: running, startedAt: seen?.row?.startedAt ?? null } };
    return { state: 'moving', progress: { completed: 0, total: null, message: why.message }, wakeAfterMs: 1_000 };
  },
  undo: { nothing: 'It only looks.' },
});

/** Null when the cluster does not answer now: a node that failed is put back all the same. */
async function seenBy(sql: Reading['sql'], place: NodePlace, signal: AbortSignal) {
  try {
    const nodes = toObservedNodes(await readTopology(sql, { signal }));
    const row = findSameNode(nodes, place);
    const unhealthyTablets = place.hasTablets ? await countUnhealthy(sql, signal) : 0;
    return { row, why: whyKeepUp({ nodes, target: row, unhealthyTablets }) };
  } catch (error) {
    if (error instanceof AppError && error.retryable) return null;
    throw error;
  }
}
