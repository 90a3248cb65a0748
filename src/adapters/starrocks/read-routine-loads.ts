import { z } from 'zod';
import {
  type FactAnswers,
  type FactName,
  type FactUnknown,
  type FactValue,
  isFactName,
} from '../../domain/metrics/facts.ts';
import { subjectKey } from '../../domain/metrics/measurement.ts';
import { isSystemDatabase } from '../../domain/system-databases.ts';
import { inParallel } from '../in-parallel.ts';
import { absent } from './cells.ts';
import { type Found, ofCluster, ofEach } from './fact-answer.ts';
import type { SqlCall, SqlReader, SqlRow } from './port.ts';
import { showDatabases, showRoutineLoads } from './statements.ts';

/** A routine load that was not stopped. */
export type RoutineLoad = {
  readonly database: string;
  readonly name: string;
  /** NEED_SCHEDULE, RUNNING, UNSTABLE, PAUSED. */
  readonly state: string;
  /** Why its state changed, as the cluster says it. */
  readonly reason: string | null;
  /** Since it was made; null = the cluster's text cannot be read. */
  readonly totalRows: number | null;
  readonly errorRows: number | null;
  /** Of the partition that is furthest behind; null = not known yet, or a version before 3.3. */
  readonly lag: number | null;
};

/** Each costs a statement. */
const mostDatabases = 500;
const atOnce = 4;

/**
 * Every routine load of every database, by the leader, without those that were stopped or cancelled. `cut` says how many
 * databases were not asked; null = all were.
 */
export async function readRoutineLoads(
  sql: SqlReader,
  call: SqlCall,
): Promise<{
  readonly loads: readonly RoutineLoad[];
  readonly cut: string | null;
  readonly asked: ReadonlySet<string>;
}> {
  const names = (await sql.query(showDatabases(), call))
    .map((row) => Object.values(row)[0] ?? '')
    .filter((name) => !isSystemDatabase(name));
  const asked = names.slice(0, mostDatabases);
  const rows = await inParallel(asked, atOnce, (database) =>
    sql.query(showRoutineLoads(database), { ...call, route: 'leader' }),
  );
  const left = names.length - mostDatabases;
  const cut = left > 0 ? `${left} of ${names.length} databases were not asked: the first ${mostDatabases} are` : null;
  return { loads: rows.flat().map(parseRoutineLoad), cut, asked: new Set(asked) };
}

const statistic = z.object({ totalRows: z.number(), errorRows: z.number() });
const lags = z.record(z.string(), z.coerce.number());
const longestReason = 300;

export function parseRoutineLoad(row: SqlRow): RoutineLoad {
  const counted = statistic.safeParse(json(row.Statistic));
  const behind = lags.safeParse(json(row.OffsetLag));
  const partitions = behind.success ? Object.values(behind.data).filter(Number.isFinite) : [];
  return {
    database: row.DbName ?? '',
    name: row.Name ?? '',
    state: row.State ?? '',
    reason: absent(row.ReasonOfStateChanged)?.slice(0, longestReason) ?? null,
    totalRows: counted.success ? counted.data.totalRows : null,
    errorRows: counted.success ? counted.data.errorRows : null,
    lag: partitions.length === 0 ? null : Math.max(...partitions),
  };
}

function json(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

const subjectOf = ({ database, name }: RoutineLoad) => ({ job: `${database}.${name}` });

/** The facts about routine loads; the share of bad rows is that of the rows since the answer before. */
export async function readRoutineLoadFacts(sql: SqlReader, before: FactAnswers, call: SqlCall): Promise<Found> {
  const { loads, cut, asked } = await readRoutineLoads(sql, call);
  const left = (name: FactName) => (cut === null ? [] : notAsked(before, { name, asked, because: cut }));
  const behind = loads.filter(isBehind).length;
  const [rows, bad] = [earlier(before, 'routine_load_rows'), earlier(before, 'routine_load_error_rows')];
  const isIdle = ({ totalRows, ...load }: RoutineLoad) =>
    totalRows !== null && rows.get(subjectKey(subjectOf({ ...load, totalRows }))) === totalRows;
  return {
    routine_load_running: loads.flatMap((load): FactValue[] => {
      const value = runs(load);
      if (value === null) return [];
      const note = load.reason === null ? load.state : `${load.state}: ${load.reason}`;
      return [{ subject: subjectOf(load), value, note }];
    }),
    routine_load_lag: ofEach(loads, subjectOf, ({ lag }) => lag),
    routine_load_rows: ofEach(loads, subjectOf, ({ totalRows }) => totalRows),
    routine_load_error_rows: ofEach(loads, subjectOf, ({ errorRows }) => errorRows),
    routine_load_error_share: ofEach(loads, subjectOf, (load) => {
      const key = subjectKey(subjectOf(load));
      return shareOfBadRows(load, { rows: rows.get(key), bad: bad.get(key) });
    }),
    // Of those that were asked: none of them is no answer about all.
    routine_loads_behind: cut !== null && behind === 0 ? [] : ofCluster(behind),
    unknown: {
      routine_load_running: left('routine_load_running'),
      routine_load_lag: left('routine_load_lag'),
      routine_load_rows: left('routine_load_rows'),
      routine_load_error_rows: left('routine_load_error_rows'),
      routine_load_error_share: [
        ...left('routine_load_error_share'),
        ...loads.filter(isIdle).map((load) => ({
          ...{ subject: subjectOf(load), because: 'no rows came since it was asked before', isNone: true as const },
        })),
      ],
      routine_loads_behind: cut !== null && behind === 0 ? [{ subject: {}, because: cut }] : [],
    },
    ...(cut === null ? {} : { cut }),
  };
}

/**
 * What was known, or not known, of routine loads before and belongs to a database that was not asked now: an alert about one
 * of them must not end because nobody looked.
 */
function notAsked(
  before: FactAnswers,
  { name, asked, because }: { name: FactName; asked: ReadonlySet<string>; because: string },
): readonly FactUnknown[] {
  const answer = before[name];
  if (answer === undefined || !('values' in answer)) return [];
  const known = [...answer.values, ...(answer.unknown ?? [])].map(({ subject }) => subject);
  // Names of databases and of routine loads may hold dots, so what belongs to one that was asked is told by all of them.
  const isAsked = (job: string) => [...asked].some((database) => job.startsWith(`${database}.`));
  return known.flatMap((subject) => (subject.job === undefined || isAsked(subject.job) ? [] : [{ subject, because }]));
}

function runs({ state }: RoutineLoad): number | null {
  if (['RUNNING', 'UNSTABLE', 'NEED_SCHEDULE'].includes(state)) return 1;
  return state === 'PAUSED' ? 0 : null;
}

/**
 * StarRocks calls a routine load unstable when the newest row that it read is old, also where no newer one ever came
 * (KafkaRoutineLoadJob.updateSubstate): a topic that is quiet at night is not behind.
 */
function isBehind({ state, lag }: RoutineLoad): boolean {
  return state === 'UNSTABLE' && lag !== 0;
}

function earlier(before: FactAnswers, name: FactName): ReadonlyMap<string, number> {
  const answer = isFactName(name) ? before[name] : undefined;
  const values = answer !== undefined && 'values' in answer ? answer.values : [];
  return new Map(values.map(({ subject, value }) => [subjectKey(subject), value]));
}

/** A routine load that was made anew under its name begins at 0. Null = no rows came, or nobody knows how many there were. */
function shareOfBadRows(
  { totalRows, errorRows }: RoutineLoad,
  before: { rows: number | undefined; bad: number | undefined },
): number | null {
  if (totalRows === null || errorRows === null || before.rows === undefined || before.bad === undefined) return null;
  const isAnew = totalRows < before.rows || errorRows < before.bad;
  const rows = isAnew ? totalRows : totalRows - before.rows;
  const bad = isAnew ? errorRows : errorRows - before.bad;
  return rows <= 0 ? null : Math.min(1, bad / rows);
}
