import type { FrontendContext } from '../context.ts';
import { change, type Worker } from '../meta/state.ts';
import { callBackend } from './backends.ts';
import { replicaCounts } from './placement.ts';
import { allPartitions } from './recycle-bin.ts';

/** The end of a decommission: a leaving backend that holds nothing any more is dropped. */
export async function dropEmptiedBackends(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader || !fe.config.flag('drop_backend_after_decommission')) return;
  const isEmptied = (worker: Worker, counts: Map<number, number>) =>
    worker.decommissioned && (counts.get(worker.id) ?? 0) === 0;
  if (![...fe.group.state.workers.values()].some((worker) => worker.decommissioned)) return;
  await fe.group.update((state) => {
    const counts = replicaCounts(state);
    const emptied = [...state.workers.values()].filter((worker) => isEmptied(worker, counts));
    return { changes: emptied.map(({ id }) => change('workers', id, null)), value: null };
  });
}

/** Tells alive backends to drop tablets that the metadata does not know (any more): what a tablet report is for. */
export async function dropOrphans(fe: FrontendContext): Promise<void> {
  if (!fe.group.isLeader) return;
  for (const { id, alive, kind } of fe.group.state.workers.values()) {
    if (!alive || kind !== 'BACKEND') continue;
    const before = knownTablets(fe, id);
    const report = await callBackend(fe, id, 'listTablets', {}).catch(() => ({ tablets: [] }));
    const known = knownTablets(fe, id);
    const orphans = report.tablets
      .map(({ tabletId }) => tabletId)
      .filter((tabletId) => !known.has(tabletId) && !before.has(tabletId));
    const settled = orphans.filter((tabletId) => fe.orphans.has(`${id}.${tabletId}`));
    for (const tabletId of orphans) fe.orphans.add(`${id}.${tabletId}`);
    if (settled.length > 0) await callBackend(fe, id, 'dropTablets', { tabletIds: settled }).catch(() => null);
  }
}

function knownTablets(fe: FrontendContext, backendId: number): Set<number> {
  const known = new Set<number>();
  for (const { tablets } of allPartitions(fe.group.state)) {
    for (const { id, replicas } of tablets) if (replicas.some((one) => one.backendId === backendId)) known.add(id);
  }
  return known;
}
