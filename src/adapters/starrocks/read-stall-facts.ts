import { isSystemDatabase } from '../../domain/system-databases.ts';
import type {
  ScheduleFacts,
  StallFacts,
  TableFacts,
  TabletFacts,
  TabletsOf,
} from '../../domain/topology-change/stall.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { whole } from './cells.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { readBackendFacts, readSchedulerFacts } from './read-backends.ts';
import { countTabletsByTable, replicaDistribution, replicaStatus, showProc } from './statements.ts';

/** Each costs a statement, whose answer has a row for every replica of the table. */
const mostTables = 200;
const atOnce = 6;
/** A backend scans this, and one that is dead answers late or never. */
const tabletCountMs = 5_000;

/**
 * Why tablets may stay on a backend (by its BackendId), as the leader has it; null = it is not in the cluster any more.
 * Needs OPERATE and no living backend; with one, dropped tables are named too. Throws what the port throws, and for a
 * user without OPERATE `SQL_PRIVILEGE_MISSING`.
 */
export async function readStallFacts(
  sql: SqlReader,
  backendId: string,
  call: SqlCall = {},
): Promise<StallFacts | null> {
  const onLeader = { ...call, route: 'leader' } as const;
  const [backends, scheduler, all, groups, schedules, scanned] = await Promise.all([
    readBackendFacts(sql, call),
    readSchedulerFacts(sql, call),
    readTables(sql, onLeader),
    readGroups(sql, onLeader),
    readSchedules(sql, onLeader),
    countOnBackend(sql, backendId, call),
  ]);
  const leaving = backends.find(({ id }) => id === backendId);
  if (leaving === undefined) return null;
  // What the backend itself reports says which tables are worth a question; it may lag behind, and is no proof.
  const wanted = scanned === null ? all : all.filter(({ id }) => scanned.has(id));
  const asked = wanted.slice(0, mostTables);
  const tables = (
    await inParallel(asked, atOnce, async (one) => readTable(sql, { one, backendId, groups }, onLeader))
  ).filter(({ count }) => count > 0);
  const after = (await readBackendFacts(sql, call)).find(({ id }) => id === backendId)?.tabletCount ?? 0;
  const tablesNotAsked = wanted.length - asked.length;
  const inTables = tables.reduce((sum, { count }) => sum + count, 0);
  // Tablets that moved meanwhile are not there any more, so the smaller number counts.
  const held = Math.min(leaving.tabletCount, after);
  return {
    leaving: { id: leaving.id, label: leaving.label, tabletCount: held },
    backends,
    scheduler,
    tables,
    schedules,
    tablesNotAsked,
    recycled: tablesNotAsked > 0 ? null : recycledOf(held - inTables, { scanned, all, tables }),
  };
}

type TableRow = {
  readonly id: string;
  readonly database: string;
  readonly table: string;
  readonly state: string | null;
};

async function readTables(sql: SqlReader, onLeader: SqlCall): Promise<readonly TableRow[]> {
  const databases = await sql.query(showProc('/dbs'), onLeader);
  const tables = await inParallel(databases, atOnce, async ({ DbId, DbName }) => {
    const database = DbName ?? '';
    if (DbId == null || !/^\d+$/.test(DbId) || (isSystemDatabase(database) && database !== '_statistics_')) return [];
    const rows = await sql.query(showProc(`/dbs/${DbId}`), onLeader).catch(noneIfGone);
    return rows
      .filter(({ ReplicaCount }) => whole(ReplicaCount) !== 0)
      .map((row) => ({ id: row.TableId ?? '', database, table: row.TableName ?? '', state: row.State ?? null }));
  });
  return tables.flat();
}

/** What was listed a moment ago may have been dropped. */
function noneIfGone(error: unknown): readonly SqlRow[] {
  if (error instanceof AppError && error.code === 'SQL_FAILED') return [];
  throw error;
}

type Group = { readonly name: string; readonly isStable: boolean };

/** The colocation group of each table, by the table's id. */
async function readGroups(sql: SqlReader, onLeader: SqlCall): Promise<ReadonlyMap<string, Group>> {
  const rows = await sql.query(showProc('/colocation_group'), onLeader);
  return new Map(
    rows.flatMap((row) => {
      const group = { name: row.GroupName ?? row.GroupId ?? '?', isStable: row.IsStable?.toLowerCase() !== 'false' };
      // A table that was dropped has a star behind its id.
      return (row.TableIds ?? '').split(/[,\s]+/).map((id) => [id.replace(/\*$/, ''), group] as const);
    }),
  );
}

const queues = ['pending', 'running', 'history'] as const;

async function readSchedules(sql: SqlReader, onLeader: SqlCall): Promise<readonly ScheduleFacts[]> {
  const found = await Promise.all(
    queues.map(async (queue) => {
      const rows = await sql.query(showProc(`/cluster_balance/${queue}_tablets`), onLeader);
      return rows.map((row) => ({ tabletId: row.TabletId ?? '', queue, error: row.ErrMsg ?? '' }));
    }),
  );
  return found.flat();
}

/** By table id; null = no backend answers that now, or this version or user may not ask. */
async function countOnBackend(
  sql: SqlReader,
  backendId: string,
  call: SqlCall,
): Promise<ReadonlyMap<string, number> | null> {
  try {
    const timeoutMs = Math.min(tabletCountMs, call.timeoutMs ?? tabletCountMs);
    const rows = await sql.query(countTabletsByTable(backendId), { ...call, timeoutMs });
    const counts = new Map(rows.map(({ TABLE_ID, TABLETS }) => [TABLE_ID ?? '', whole(TABLETS) ?? 0]));
    return counts.size === 0 ? null : counts;
  } catch (error) {
    if (!(error instanceof AppError) || call.signal?.aborted) throw error;
    return null;
  }
}

type Asked = {
  readonly one: TableRow;
  readonly backendId: string;
  readonly groups: ReadonlyMap<string, Group>;
};

async function readTable(sql: SqlReader, { one, backendId, groups }: Asked, onLeader: SqlCall): Promise<TableFacts> {
  const shared = {
    table: `${one.database}.${one.table}`,
    state: one.state,
    group: groups.get(one.id) ?? null,
  };
  const rows = await sql.query(replicaStatus(one), onLeader).catch(nullIfOther);
  // Of a materialized view only the numbers are told.
  if (rows === null) {
    const spread = await sql.query(replicaDistribution(one), onLeader).catch(noneIfGone);
    const here = spread.find(({ BackendId }) => BackendId === backendId);
    return { ...shared, replicationNum: null, count: whole(here?.ReplicaNum) ?? 0, tablets: null };
  }
  const byTablet = [...Map.groupBy(rows, ({ TabletId }) => TabletId ?? '')];
  const tablets = byTablet.map(([id, replicas]) => toTablet(id, replicas)).filter(isOn(backendId));
  return { ...shared, replicationNum: wantedReplicas(byTablet), count: tablets.length, tablets };
}

/** The table is a materialized view, which this statement does not take, or was dropped meanwhile. */
function nullIfOther(error: unknown): null {
  if (error instanceof AppError && error.code === 'SQL_FAILED') return null;
  throw error;
}

/** A replica that is missing has a row too, so no tablet has fewer rows than replicas are wanted. */
function wantedReplicas(byTablet: readonly (readonly [string, readonly SqlRow[]])[]): number | null {
  return byTablet.length === 0 ? null : Math.min(...byTablet.map(([, rows]) => rows.length));
}

/**
 * Status is not used: it says DEAD of replicas on a backend that only leaves. A row without a backend stands for a
 * replica that is missing.
 */
function toTablet(id: string, rows: readonly SqlRow[]): TabletFacts {
  return {
    id,
    replicas: rows
      .filter(({ BackendId }) => BackendId != null && BackendId !== '-1')
      .map((row) => ({
        backendId: row.BackendId ?? '',
        isBad: row.IsBad?.toLowerCase() === 'true',
        isBehind:
          (whole(row.Version) ?? 0) < (whole(row.CommittedVersion) ?? 0) || (whole(row.LastFailedVersion) ?? -1) > 0,
        state: row.State ?? null,
      })),
  };
}

function isOn(backendId: string) {
  return ({ replicas }: TabletFacts) => replicas.some((one) => one.backendId === backendId);
}

type Seen = {
  readonly scanned: ReadonlyMap<string, number> | null;
  readonly all: readonly TableRow[];
  readonly tables: readonly TableFacts[];
};

/** Whose tablets the rest are, as far as the backend itself says; what it does not say has no name. */
function recycledOf(rest: number, { scanned, all, tables }: Seen): readonly TabletsOf[] {
  if (rest <= 0) return [];
  const names = new Map(all.map(({ id, database, table }) => [id, `${database}.${table}`]));
  const known = new Map(tables.map(({ table, count }) => [table, count]));
  const named = [...(scanned ?? [])].flatMap(([id, tablets]) => {
    const name = names.get(id);
    const more = tablets - (name === undefined ? 0 : (known.get(name) ?? 0));
    if (more <= 0) return [];
    return [
      { table: name === undefined ? `a dropped table (id ${id})` : `dropped partitions of ${name}`, tablets: more },
    ];
  });
  const sum = named.reduce((total, { tablets }) => total + tablets, 0);
  // Both answers have their own moment: where they do not add up, only the number is told.
  return sum === 0 || sum > rest ? [{ table: 'dropped tables or partitions', tablets: rest }] : named;
}
