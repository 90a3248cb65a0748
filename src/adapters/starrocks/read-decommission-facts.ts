import { isSystemDatabase } from '../../domain/system-databases.ts';
import type { BackendFacts } from '../../domain/topology-change/backend-facts.ts';
import type { DecommissionFacts } from '../../domain/topology-change/decommission-guards.ts';
import { diagnoseStall, type StallFacts } from '../../domain/topology-change/stall.ts';
import { AppError } from '../../errors.ts';
import { whole } from './cells.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { readBackendFacts, readSchedulerFacts } from './read-backends.ts';
import { readRunningJobs } from './read-jobs.ts';
import { readStallFacts } from './read-stall-facts.ts';
import { readReplicatedTables } from './read-tables.ts';
import { readRunMode, readTopology } from './read-topology.ts';
import { readRunningWork } from './read-work.ts';
import { showProc, showReplicationNumbers } from './statements.ts';

/**
 * What has to be known before backends leave (by their `BackendId`s); `diagnose` are those whose tablets are looked at. What this user may not ask is null or missing,
 * which the rules refuse; everything else throws.
 */
export async function readDecommissionFacts(
  sql: SqlReader,
  {
    ids,
    diagnose = ids,
    expected = [],
  }: {
    readonly ids: readonly string[];
    readonly diagnose?: readonly string[];
    /** Backends that will be there by then. */
    readonly expected?: readonly BackendFacts[];
  },
  call: SqlCall = {},
): Promise<DecommissionFacts> {
  const [backends, scheduler, topology, runMode, highest, runningJobs, tableChanges, unstableGroups] =
    await Promise.all([
      readBackendFacts(sql, call),
      readSchedulerFacts(sql, call),
      readTopology(sql, call, { waitMs: 0 }),
      orNull(readRunMode(sql, call)),
      orNull(readHighest(sql, call)),
      readRunningJobs(sql, call),
      orNull(readRunningWork(sql, call).then(({ schemaChanges }) => schemaChanges)),
      readUnstableGroups(sql, call),
    ]);
  const found: StallFacts[] = [];
  // One after the other: each asks about many tables.
  for (const id of diagnose) {
    const facts = await orNull(readStallFacts(sql, id, call));
    if (facts !== null) found.push(asIfLeaving(facts, ids, expected));
  }
  return {
    backends: [...backends, ...expected],
    scheduler,
    runMode,
    computeNodesAlive: topology.computeNodes.filter(({ alive }) => alive).length,
    highest,
    diagnosed: diagnose,
    stalls: found.map((facts) => ({ label: facts.leaving.label, reasons: diagnoseStall(facts) })),
    runningJobs,
    tableChanges,
    unstableGroups,
  };
}

/** The facts as they would be if all of them were being decommissioned, and the expected ones were there. */
function asIfLeaving(facts: StallFacts, ids: readonly string[], expected: readonly BackendFacts[]): StallFacts {
  const backends = facts.backends.map((one) => (ids.includes(one.id) ? { ...one, decommissioning: true } : one));
  return { ...facts, backends: [...backends, ...expected] };
}

/** A partition may want another number than its table, so both are asked; either may be told alone. */
async function readHighest(sql: SqlReader, call: SqlCall): Promise<DecommissionFacts['highest']> {
  const [tables, partitions] = await Promise.all([
    readReplicatedTables(sql, call),
    orNull(sql.query(showReplicationNumbers(), { ...call, timeoutMs: 5_000 })),
  ]);
  if (partitions === null && tables.some(({ replicationNum }) => replicationNum === null)) return null;
  const all = [
    ...tables.map(({ database, table, replicationNum }) => ({ database, table, replicas: replicationNum ?? 0 })),
    ...(partitions ?? []).map((row) => ({
      database: row.DB_NAME ?? '',
      table: row.TABLE_NAME ?? '',
      replicas: whole(row.REPLICAS) ?? 0,
    })),
  ].filter(({ database }) => !isSystemDatabase(database));
  // Like StarRocks' own check, which leaves its statistics out: it moves and rebuilds them itself.
  const most = all.toSorted((a, b) => b.replicas - a.replicas)[0];
  return most === undefined
    ? { table: 'no table', replicas: 1 }
    : { table: `${most.database}.${most.table}`, replicas: most.replicas };
}

async function readUnstableGroups(sql: SqlReader, call: SqlCall): Promise<readonly string[]> {
  const rows = (await orNull(sql.query(showProc('/colocation_group'), { ...call, route: 'leader' }))) ?? [];
  return rows.filter(({ IsStable }) => IsStable?.toLowerCase() === 'false').map((row) => row.GroupName ?? '?');
}

/** Null where the cluster does not tell this user, or not now; a connection that is lost throws. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    const codes: readonly string[] = ['SQL_PRIVILEGE_MISSING', 'SQL_FAILED', 'TIMEOUT'];
    if (error instanceof AppError && codes.includes(error.code)) return null;
    throw error;
  }
}
