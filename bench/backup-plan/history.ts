import type { BackupContent } from '../../src/domain/backup/content.ts';
import type { BackupPolicyContent } from '../../src/domain/backup/policy.ts';
import { newId } from '../../src/ids.ts';
import { saveContent } from '../../src/store/backups/content.ts';
import type { Database } from '../../src/store/database.ts';

/** A cluster as the rows of a history name it. */
export type HistoryOwner = { readonly clusterId: string; readonly policyId: string; readonly origin: string };

type History = HistoryOwner & {
  /** Of the whole policy. */
  readonly backups: number;
  readonly databases: readonly string[];
  readonly policy: BackupPolicyContent;
  /** The newest full backup of each database was taken then. */
  readonly fullAt: Date;
  /** The database whose newest full backup held this. */
  readonly content: { readonly database: string; readonly held: BackupContent };
};

const hourMs = 3_600_000;
/** A full one, and an incremental one each six hours until the next. */
const perWeek = 28;

/** Adds the history of a policy that has run for a long time and has deleted nothing yet: every backup verified. */
export async function addHistory(db: Database, history: History): Promise<void> {
  const perDatabase = Math.ceil(history.backups / history.databases.length);
  const rows = history.databases
    .flatMap((database) => backupsOf(database, perDatabase, history))
    .slice(0, history.backups);
  for (let first = 0; first < rows.length; first += 500) {
    const some = rows.slice(first, first + 500);
    await db.insertInto('backup').values(some).execute();
    await db.insertInto('backup_verification').values(some.flatMap(checksOf)).execute();
  }
  const { database, held } = history.content;
  const newest = rows.find((row) => row.database_name === database && row.kind === 'FULL');
  if (newest === undefined) throw new Error(`there is no full backup of ${database}`);
  await saveContent(db, newest.id, held);
}

type BackupRow = ReturnType<typeof backupRow>;

/** Newest first: the full backup of the newest week, then weeks that are whole. */
function backupsOf(database: string, count: number, history: History): readonly BackupRow[] {
  const rows: BackupRow[] = [];
  for (let week = 0; rows.length < count; week += 1) {
    const fullAt = history.fullAt.getTime() - week * 168 * hourMs;
    const full = backupRow(history, { database, tier: 'weekly', baseId: null, at: new Date(fullAt) });
    const links = week === 0 ? 1 : perWeek;
    rows.push(full);
    for (let link = 1; link < links && rows.length < count; link += 1) {
      const at = new Date(fullAt + link * 6 * hourMs);
      rows.push(backupRow(history, { database, tier: link % 4 === 0 ? 'daily' : 'six-hourly', baseId: full.id, at }));
    }
  }
  return rows;
}

type Seed = { database: string; tier: string; baseId: string | null; at: Date };

function backupRow({ clusterId, policyId, origin, policy }: History, { database, tier, baseId, at }: Seed) {
  const id = newId('bak');
  return {
    id,
    cluster_id: clusterId,
    run_id: newId('run'),
    database_name: database,
    repository: policy.repository,
    location: 's3://bench/backups',
    snapshot: `sw_${id}`,
    backup_timestamp: at.toISOString().slice(0, 23).replace(/[T:.]/g, '-'),
    state: 'AVAILABLE',
    kind: baseId === null ? 'FULL' : 'INCREMENTAL',
    origin,
    policy_id: policyId,
    tier,
    base_id: baseId,
    scheduled_for: at,
    started_at: at,
    snapshot_at: at,
    finished_at: at,
    verified_at: at,
    size_bytes: 1_000_000_000,
    object_count: 10_000,
    table_count: 100,
    partition_count: 1_000,
    not_held: '[]',
  };
}

function checksOf({ id, run_id, started_at }: BackupRow) {
  const check = { backup_id: id, at: started_at, run_id, passed: 1, message: 'whole' };
  return [
    { ...check, level: 'L0', objects: null, bytes: null },
    { ...check, level: 'L1', objects: 10_000, bytes: 1_000_000_000 },
  ];
}
