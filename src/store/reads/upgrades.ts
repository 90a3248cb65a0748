import { z } from 'zod';
import { hasLeft } from '../../domain/left-behind.ts';
import { isTerminal, type RunState, runStates } from '../../domain/run.ts';
import { keptBinaries } from '../../domain/upgrade/kept-binaries.ts';
import type { UpgradeRecord } from '../../domain/upgrade/release.ts';
import type { Reader } from '../database.ts';
import { toRunStep } from '../runs/run-rows.ts';
import { toUpgrade } from '../upgrades/upgrade-rows.ts';
import { isVisible, type Visibility } from './visibility.ts';

/** An entry of a cluster's history of versions, with what became of its run. */
export type UpgradeEntry = UpgradeRecord & {
  readonly state: RunState;
  readonly runNumber: number;
  readonly finishedAt: Date | null;
};

const runState = z.enum(runStates);

/** The histories of these clusters, newest entry first; one statement. */
export async function upgradesOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly UpgradeEntry[]> {
  const rows = await entries(db)
    .where('upgrade.cluster_id', 'in', clusterIds)
    .orderBy('upgrade.started_at', 'desc')
    .orderBy('upgrade.id', 'desc')
    .execute();
  return rows.map(toEntry);
}

/**
 * The entries of these clusters that are still open, or whose run has left old binaries on nodes; newest first, two
 * statements.
 */
export async function openUpgradesOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly UpgradeEntry[]> {
  const rows = await entries(db)
    .where('upgrade.cluster_id', 'in', clusterIds)
    .where('upgrade.finalized_at', 'is', null)
    .orderBy('upgrade.started_at', 'desc')
    .orderBy('upgrade.id', 'desc')
    .execute();
  const open = rows.map(toEntry);
  const kept = new Set(await runsThatKeep(db, idsOf(open)));
  return open.filter(({ runId, state }) => !isTerminal(state) || kept.has(runId));
}

/** The entries of a cluster whose kept binaries are still on the nodes, oldest first; two statements. */
export async function upgradesToFinalize(db: Reader, clusterId: string): Promise<readonly UpgradeRecord[]> {
  const rows = await entries(db)
    .where('upgrade.cluster_id', '=', clusterId)
    .where('upgrade.finalized_at', 'is', null)
    .orderBy('upgrade.started_at')
    .orderBy('upgrade.id')
    .execute();
  const kept = new Set(await runsThatKeep(db, idsOf(rows.map(toEntry))));
  return rows.map(toUpgrade).filter(({ runId }) => kept.has(runId));
}

/** Which of these runs have left old binaries on nodes, as their steps say; one statement. */
export async function runsThatKeep(db: Reader, runIds: readonly string[]): Promise<readonly string[]> {
  if (runIds.length === 0) return [];
  const rows = await db
    .selectFrom('run_step')
    .selectAll()
    .where('run_id', 'in', runIds)
    .where((row) => row.or([row('leaves', '=', keptBinaries), row('removes', '=', keptBinaries)]))
    .execute();
  const steps = rows.map(toRunStep);
  return runIds.filter((id) =>
    hasLeft(
      steps.filter(({ runId }) => runId === id),
      keptBinaries,
    ),
  );
}

function idsOf(entriesOfRuns: readonly UpgradeEntry[]): string[] {
  return entriesOfRuns.map(({ runId }) => runId);
}

export async function findVisibleUpgrade(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<UpgradeEntry | null> {
  const row = await entries(db)
    .innerJoin('cluster', 'cluster.id', 'upgrade.cluster_id')
    .where('upgrade.id', '=', id)
    .where(isVisible(visibility, { clusterId: 'cluster.id', environment: 'cluster.environment' }))
    .executeTakeFirst();
  return row === undefined ? null : toEntry(row);
}

function entries(db: Reader) {
  return db
    .selectFrom('upgrade')
    .innerJoin('run', 'run.id', 'upgrade.run_id')
    .selectAll('upgrade')
    .select(['run.state as run_state', 'run.number as run_number', 'run.finished_at as run_finished_at']);
}

type EntryRow = Parameters<typeof toUpgrade>[0] & {
  run_state: string;
  run_number: number;
  run_finished_at: Date | null;
};

function toEntry(row: EntryRow): UpgradeEntry {
  const state = runState.parse(row.run_state);
  // A run that is retried or undone goes on after it had ended: then the entry has no end.
  const finishedAt = isTerminal(state) ? row.run_finished_at : null;
  return { ...toUpgrade(row), state, runNumber: row.run_number, finishedAt };
}
