import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import { processNumber } from '../../../domain/process-id.ts';
import { nodeSubject } from '../../../domain/subject.ts';
import { explainsSilence, type NotNow, whyKeepUp } from '../../../domain/upgrade/move-safety.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { countUnhealthy } from './await-tablets.ts';
import { type NodePlace, nodePlace, notedNode } from './node-place.ts';

/** An election takes up to a minute: a cluster that tells nothing for longer will not by waiting. */
const silentPatienceMs = 90_000;

/**
 * Before a node that failed is put back, records its process and since when the cluster knows it, because some stop
 * scripts remove the pid file first. A node that serves is not stopped while another one is away and it would be missed.
 *
 * A cluster that does not answer is waited for, and not for ever: then a frontend without which there is no majority is put
 * back all the same, since that may end the silence, and any other node is left running.
 */
export const noteProcess = defineStep({
  kind: 'noteProcess',
  params: nodePlace,
  about: nodeSubject,
  effect: 'looks',
  facts: notedNode,
  ports: ['node', 'sql', 'inventory'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ label }) => `See whether ${label} may be stopped to be put back, and which process it is`,
  check: async (place, { node, sql, inventory }, { clusterId, signal, now, memo, log }) => {
    const process = await (await node(place)).process({ signal });
    const seen = await seenBy(sql, place, signal);
    if (process === null)
      return { state: 'done', facts: { process, startedAt: 'why' in seen ? (seen.row?.startedAt ?? null) : null } };
    if ('why' in seen) {
      if (seen.why === null) return { state: 'done', facts: { process, startedAt: seen.row?.startedAt ?? null } };
      return waits(seen.why.message);
    }
    const silentSince = typeof memo?.silentSince === 'string' ? memo.silentSince : now().toISOString();
    const silentMs = now().getTime() - Date.parse(silentSince);
    const unseen = `Whether ${place.label} may be stopped cannot be seen: ${seen.unanswered.message}`;
    if (silentMs < silentPatienceMs) return waits(unseen, { silentSince });
    const silence = `the cluster has told nothing for ${Math.round(silentMs / 1_000)} s`;
    if (explainsSilence(place, await inventory.listNodes(clusterId))) {
      log(`${place.label} is put back unseen: ${silence}, and without this frontend there is no majority`);
      return { state: 'done', facts: { process, startedAt: null } };
    }
    return {
      state: 'blocked',
      code: 'SQL_UNREACHABLE',
      message: `${unseen}; ${silence}. Seen on its host: it runs as process ${processNumber(process)}, and was left running`,
      hint: 'Look at the frontends first. When they answer, undo the run or retry it.',
    };
  },
  undo: { nothing: 'It only looks.' },
});

function waits(message: string, memo?: { readonly silentSince: string }) {
  const progress = { completed: 0, total: null, message, ...(memo === undefined ? {} : { memo }) };
  return { state: 'moving' as const, progress, wakeAfterMs: 1_000 };
}

type Seen = { readonly row: ObservedNode | undefined; readonly why: NotNow | null };

async function seenBy(
  sql: Reading['sql'],
  place: NodePlace,
  signal: AbortSignal,
): Promise<Seen | { readonly unanswered: AppError }> {
  try {
    const nodes = toObservedNodes(await readTopology(sql, { signal }));
    const row = findSameNode(nodes, place);
    const unhealthyTablets = place.hasTablets ? await countUnhealthy(sql, signal) : 0;
    return { row, why: whyKeepUp({ nodes, target: row, unhealthyTablets }) };
  } catch (error) {
    if (error instanceof AppError && error.retryable) return { unanswered: error };
    throw error;
  }
}
