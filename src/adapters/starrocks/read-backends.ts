import { nodeLabel } from '../../domain/node-identity.ts';
import type { DiskRoom } from '../../domain/tablets/disk.ts';
import type { BackendFacts, SchedulerFacts } from '../../domain/topology-change/backend-facts.ts';
import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { readFrontendValues } from './frontend-config.ts';
import { parseBackends } from './parse.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { readDisks } from './read-disks.ts';
import { showBackends } from './statements.ts';

const atOnce = 6;

/** The backends as the leader has them, with their paths. Throws when the list itself cannot be read. */
export async function readBackendFacts(sql: SqlReader, call: SqlCall = {}): Promise<readonly BackendFacts[]> {
  const onLeader = { ...call, route: 'leader' } as const;
  const rows = parseBackends(await sql.query(showBackends(), onLeader));
  return inParallel(rows, atOnce, async (row) => ({
    id: row.id,
    label: nodeLabel({ kind: 'BACKEND', host: row.host, port: row.heartbeatPort }),
    host: row.host,
    port: row.heartbeatPort,
    alive: row.alive,
    decommissioning: row.decommissioning,
    tabletCount: row.tabletCount,
    location: row.location,
    disks: await disksIfTold(sql, row.id, onLeader),
  }));
}

/** Null = the user may not ask (it needs OPERATE), or the backend has gone meanwhile. */
async function disksIfTold(sql: SqlReader, backendId: string, call: SqlCall): Promise<readonly DiskRoom[] | null> {
  try {
    return await readDisks(sql, backendId, call);
  } catch (error) {
    if (error instanceof AppError && ['SQL_PRIVILEGE_MISSING', 'SQL_FAILED'].includes(error.code)) return null;
    throw error;
  }
}

const patterns = [
  'tablet_sched_%',
  'storage_usage_soft_limit%',
  'enable_strict_storage_medium_check',
  'drop_backend_after_decommission',
];

/** Settings that decide whether tablets move; all null when the user may not ask. They are the leader's own. */
export async function readSchedulerFacts(sql: SqlReader, call: SqlCall = {}): Promise<SchedulerFacts> {
  const values = await readValues(sql, { ...call, route: 'leader' });
  return {
    maxScheduling: wholeNumber(values.tablet_sched_max_scheduling_tablets),
    slotsPerPath: wholeNumber(values.tablet_sched_slot_num_per_path),
    disableColocateBalance: flag(values.tablet_sched_disable_colocate_balance),
    softLimitPercent: wholeNumber(values.storage_usage_soft_limit_percent),
    softLimitReserveBytes: wholeNumber(values.storage_usage_soft_limit_reserve_bytes),
    strictMedium: flag(values.enable_strict_storage_medium_check),
    dropsEmptied: flag(values.drop_backend_after_decommission),
  };
}

async function readValues(sql: SqlReader, call: SqlCall): Promise<Readonly<Record<string, string>>> {
  try {
    const found = await Promise.all(patterns.map((pattern) => readFrontendValues(sql, pattern, call)));
    return Object.assign({}, ...found);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_PRIVILEGE_MISSING') return {};
    throw error;
  }
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^-?\d+$/.test(text.trim()) ? Number(text) : null;
}

function flag(text: string | undefined): boolean | null {
  if (text === undefined) return null;
  return text.trim().toLowerCase() === 'true';
}
