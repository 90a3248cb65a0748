import type { NewUpgrade } from '../../domain/inventory.ts';
import type { UpgradeRecord } from '../../domain/upgrade/release.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Queryable, type Reader } from '../database.ts';
import { forbidUndoOfRuns } from '../runs/runs.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { toUpgrade } from './upgrade-rows.ts';

/** Begins the history's entry of a run. A repeat after a crash finds it there and changes nothing. */
export async function recordUpgrade(
  db: Queryable,
  upgrade: NewUpgrade & { readonly clusterId: string; readonly runId: string },
): Promise<void> {
  try {
    await db
      .insertInto('upgrade')
      .values({
        id: newId('upg'),
        cluster_id: upgrade.clusterId,
        run_id: upgrade.runId,
        direction: upgrade.direction,
        from_version: upgrade.fromVersion.slice(0, 255),
        to_version: upgrade.toVersion,
        started_at: databaseNow,
        finalized_at: null,
      })
      .execute();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

/** Entries that neither a finalization nor an undo has closed, oldest first. */
export async function listOpenUpgrades(db: Reader, clusterId: string): Promise<readonly UpgradeRecord[]> {
  const rows = await db
    .selectFrom('upgrade')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('finalized_at', 'is', null)
    .orderBy('started_at')
    .orderBy('id')
    .execute();
  return rows.map(toUpgrade);
}

/**
 * Records with each run of an open upgrade that it cannot be undone any more, so that people who watch it see that at
 * once.
 */
export async function forbidUndo(db: Queryable, clusterId: string, reason: string): Promise<void> {
  const open = await listOpenUpgrades(db, clusterId);
  const runIds = open.map(({ runId }) => runId);
  await forbidUndoOfRuns(db, runIds, reason);
}

export async function finalizeUpgrades(db: Queryable, clusterId: string, runId?: string): Promise<void> {
  await db
    .updateTable('upgrade')
    .set({ finalized_at: databaseNow })
    .where('cluster_id', '=', clusterId)
    .where('finalized_at', 'is', null)
    .$if(runId !== undefined, (query) => query.where('run_id', '=', runId ?? ''))
    .execute();
}
