import { type Expression, type SqlBool, sql } from 'kysely';
import { databaseNow, databaseNowPlus, type Queryable } from './database.ts';

/**
 * Tables of things that become due and are worked on by one process at a time, and the column that names a row of each.
 * Each table has `due_at`, `claimed_by`, `claimed_until` and `fence`.
 */
const idColumns = {
  ...{ run: 'id', slack_card: 'id', slack_line: 'id', schedule: 'id' },
  ...{ probe: 'cluster_id', metric_facts: 'cluster_id' },
  ...{ alert_channel: 'channel', alert_digest: 'id' },
  ...{ escalation: 'alert_id', escalation_delivery: 'id' },
} as const;

export type ClaimTable = keyof typeof idColumns;

/**
 * The right to work on one thing that is due, until the claim ends or is given back. The fence grows with every claim,
 * and everything the holder records names it: a holder that slept past the end of its claim records nothing once somebody
 * else has claimed the thing.
 */
export type Claim = {
  readonly table: ClaimTable;
  readonly id: string;
  readonly holder: string;
  readonly fence: number;
};

export type ClaimRequest = Omit<Claim, 'fence'> & {
  /** How long nobody else can claim it; longer than the work takes, or than the time to the next renewal. */
  readonly forMs: number;
  /** When it is due again; left out = whoever records the outcome decides that. */
  readonly nextInMs?: number;
  /** A condition that must still hold: the thing was listed a moment ago, and somebody else may have done the work since. */
  readonly still?: Expression<SqlBool>;
  /** The time with which `due_at` is compared; left out = the database's. The end of a claim is always in the database's time. */
  readonly at?: Date;
};

/** Claims what is due and free; null when it is not, or not any more. The database's clock decides. */
export async function claimDue(db: Queryable, request: ClaimRequest): Promise<Claim | null> {
  const { table, id, holder, forMs, nextInMs, still, at } = request;
  const next = nextInMs === undefined ? sql`` : sql`due_at = ${databaseNowPlus(nextInMs)},`;
  // The fence comes back with the answer to this statement: read by another one, it could be that of a later claim.
  const { numAffectedRows, insertId } = await sql`
    UPDATE ${sql.table(table)}
    SET claimed_by = ${holder}, claimed_until = ${databaseNowPlus(forMs)}, ${next} fence = LAST_INSERT_ID(fence + 1)
    WHERE ${idOf(table)} = ${id} AND ${isDue(table, at)} AND ${still ?? sql`TRUE`}`.execute(db);
  if (numAffectedRows !== 1n || insertId === undefined) return null;
  return { table, id, holder, fence: Number(insertId) };
}

/** Prolongs a claim; false when it has ended or somebody else took it: then it cannot be prolonged any more. */
export async function renewClaim(db: Queryable, claim: Claim, forMs: number): Promise<boolean> {
  const { numAffectedRows } = await sql`
    UPDATE ${sql.table(claim.table)}
    SET claimed_until = ${databaseNowPlus(forMs)}
    WHERE ${isOurs(claim)} AND claimed_until > ${databaseNow}`.execute(db);
  return numAffectedRows === 1n;
}

/** Gives a claim back, unless somebody else has it by now. */
export async function releaseClaim(db: Queryable, claim: Claim, { isDueNow = false } = {}): Promise<void> {
  const due = isDueNow ? sql`, due_at = ${databaseNow}` : sql``;
  await sql`
    UPDATE ${sql.table(claim.table)}
    SET claimed_by = NULL, claimed_until = NULL${due}
    WHERE ${isOurs(claim)}`.execute(db);
}

/** The columns of a claim that is given back. */
export const unclaimed = { claimed_by: null, claimed_until: null } as const;

/** True of a row that is due, at `at` or by the database's clock, and that nobody works on. */
export function isDue(table: ClaimTable, at?: Date): Expression<SqlBool> {
  const dueAt = sql.ref(`${table}.due_at`);
  const until = sql.ref(`${table}.claimed_until`);
  return sql<SqlBool>`(${dueAt} IS NULL OR ${dueAt} <= ${at ?? databaseNow}) AND (${until} IS NULL OR ${until} < ${databaseNow})`;
}

/** True of the row of this claim as long as nobody else took it, even when its time is over. */
export function isOurs({ table, id, holder, fence }: Claim): Expression<SqlBool> {
  const ofTable = (column: string) => sql.ref(`${table}.${column}`);
  return sql<SqlBool>`${idOf(table)} = ${id} AND ${ofTable('claimed_by')} = ${holder} AND ${ofTable('fence')} = ${fence}`;
}

function idOf(table: ClaimTable) {
  return sql.ref(`${table}.${idColumns[table]}`);
}
