import { Kysely, type KyselyPlugin, sql, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { createPool } from 'mysql2';
import { AppError } from '../errors.ts';
import { boundPool } from './bounded-pool.ts';
import { NamesOnlyDialect } from './dialect.ts';
import type { Tables } from './generated/tables.ts';
import * as core from './migrations/0001-core.ts';
import * as monitor from './migrations/0002-monitor.ts';
import * as slack from './migrations/0003-slack.ts';
import * as upgrades from './migrations/0004-upgrades.ts';
import * as endings from './migrations/0005-endings.ts';
import * as readiness from './migrations/0007-readiness.ts';
import * as meaning from './migrations/0008-meaning.ts';
import * as targets from './migrations/0009-targets.ts';
import * as claims from './migrations/0010-claims.ts';
import * as schedules from './migrations/0011-schedules.ts';
import * as calendar from './migrations/0012-calendar.ts';
import * as repositories from './migrations/0013-repositories.ts';
import * as backups from './migrations/0014-backups.ts';
import * as policies from './migrations/0015-policies.ts';
import * as topology from './migrations/0016-topology.ts';
import * as metrics from './migrations/0017-metrics.ts';
import * as lockScopes from './migrations/0018-lock-scopes.ts';
import * as alertHandling from './migrations/0019-alert-handling.ts';
import * as alertRules from './migrations/0020-alert-rules.ts';
import * as pictures from './migrations/0021-pictures.ts';
import * as delivery from './migrations/0022-delivery.ts';
import * as escalation from './migrations/0023-escalation.ts';
import * as digest from './migrations/0024-digest.ts';
import * as plannedFor from './migrations/0025-planned-for.ts';
import * as overridesMadeIn from './migrations/0027-overrides-made-in.ts';
import * as hidingWindows from './migrations/0029-hiding-windows.ts';
import * as switchedOff from './migrations/0031-switched-off.ts';
import { isRetryableConflict } from './store-errors.ts';

export type Database = Kysely<Tables>;
export type Tx = Transaction<Tables>;
/** For functions that may run inside somebody else's transaction. */
export type Queryable = Database | Tx;
/** Can read, and cannot change anything. */
export type Reader = Pick<Queryable, 'selectFrom'>;

export type DatabaseOptions = {
  url: string;
  /** Connections in the pool. Default 10. */
  poolSize?: number;
  /** How long an answer may take, see `boundPool`; null = as long as it takes, for changes of the schema. Default 4.5 s. */
  answerMs?: number | null;
  /** Called once per statement sent; for counting in benchmarks and tests. */
  onStatement?: (statement: string) => void;
  /** What sees every statement before it is sent; for tests, to which the database's clock is to show another time. */
  plugins?: readonly KyselyPlugin[];
};

const sessionSettings = [
  "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE'",
  // Set by a statement: the variable has different names in MySQL 8 and MariaDB.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

/** Opens a pool; nothing is connected until the first statement. Sessions run in UTC with strict mode. */
export function openDatabase({
  url,
  poolSize = 10,
  answerMs = 4_500,
  onStatement,
  plugins = [],
}: DatabaseOptions): Database {
  const pool = createPool({
    uri: url,
    connectionLimit: poolSize,
    timezone: 'Z',
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    connectTimeout: answerMs ?? 10_000,
    enableKeepAlive: true,
  });
  pool.on('connection', (connection) => {
    for (const statement of sessionSettings) {
      connection.query(statement, (error) => {
        // A session with other settings would read wrong times: better to have none.
        if (error) connection.destroy();
      });
    }
  });
  const db = new Kysely<Tables>({
    plugins: [...plugins],
    dialect: new NamesOnlyDialect({
      pool:
        answerMs === null
          ? pool
          : boundPool(pool, { answerMs, onRefusedWrite: () => refusedWriteAt.set(db, Date.now()) }),
    }),
    ...(onStatement === undefined
      ? {}
      : {
          log: (event) => {
            if (event.level === 'query') onStatement(event.query.sql);
          },
        }),
  });
  return db;
}

/** When each database last refused to write. A server whose disk is full still writes what fits into pages it has. */
const refusedWriteAt = new WeakMap<Database, number>();

/** How long ago the database refused a write of this process, in milliseconds; null = never. */
export function msSinceRefusedWrite(db: Database): number | null {
  const at = refusedWriteAt.get(db);
  return at === undefined ? null : Date.now() - at;
}

const migrations = {
  '0001-core': core,
  '0002-monitor': monitor,
  '0003-slack': slack,
  '0004-upgrades': upgrades,
  '0005-endings': endings,
  '0007-readiness': readiness,
  '0008-meaning': meaning,
  '0009-targets': targets,
  '0010-claims': claims,
  '0011-schedules': schedules,
  '0012-calendar': calendar,
  '0013-repositories': repositories,
  '0014-backups': backups,
  '0015-policies': policies,
  '0016-topology': topology,
  '0017-metrics': metrics,
  '0018-lock-scopes': lockScopes,
  '0019-alert-handling': alertHandling,
  '0020-alert-rules': alertRules,
  '0021-pictures': pictures,
  '0022-delivery': delivery,
  '0023-escalation': escalation,
  '0024-digest': digest,
  '0025-planned-for': plannedFor,
  '0027-overrides-made-in': overridesMadeIn,
  '0029-hiding-windows': hidingWindows,
  '0031-switched-off': switchedOff,
};

/** Brings the schema up to date. Safe to call from several processes at once: the first takes a lock, the others wait. */
export async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new AppError('STORE_UNAVAILABLE', 'The database schema could not be brought up to date', {
      hint: 'Look at the cause; MySQL 8 or MariaDB 10.6 and later are supported.',
      retryable: true,
      cause: error,
    });
  }
}

/** The database's own clock; leases are compared with it alone, so clocks of hosts do not matter. */
export const databaseNow = sql<Date>`UTC_TIMESTAMP(3)`;

export async function readDatabaseTime(db: Queryable): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`SELECT ${databaseNow} AS at`.execute(db);
  return rows[0]?.at ?? new Date();
}

/**
 * The database's clock from now on, for some seconds of work, without asking it again. What several processes write in turn
 * is compared by it: their own clocks differ, and may be set while they run.
 */
export async function startDatabaseClock(db: Queryable): Promise<() => Date> {
  const askedAt = performance.now();
  const at = await readDatabaseTime(db);
  const startedAt = (askedAt + performance.now()) / 2;
  return () => new Date(at.getTime() + Math.round(performance.now() - startedAt));
}

/** The database's clock plus some milliseconds. */
export function databaseNowPlus(ms: number) {
  return sql<Date>`TIMESTAMPADD(MICROSECOND, ${Math.round(ms) * 1000}, UTC_TIMESTAMP(3))`;
}

/** Runs a transaction; when the server broke it off because of a deadlock, runs it again, at most four times more. */
export async function inTransaction<T>(db: Database, work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt >= 4 || !isRetryableConflict(error)) throw error;
    }
  }
}
