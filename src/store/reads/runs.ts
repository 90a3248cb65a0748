import { type SqlBool, sql } from 'kysely';
import type { Approval, Vote } from '../../domain/approval.ts';
import {
  drivenRunStates,
  type Run,
  type RunEvent,
  type RunState,
  type RunStep,
  type TemporaryChange,
} from '../../domain/run.ts';
import { databaseNow, type Queryable } from '../database.ts';
import { toApproval, toVote } from '../runs/approval-rows.ts';
import { toRun, toRunEvent, toRunStep, toTemporaryChange } from '../runs/run-rows.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

/*
 * Reads for many runs at once. Each function sends one statement, however many ids it is given.
 */

export type RunListFilter = {
  readonly clusterId?: string | null | undefined;
  readonly states?: readonly RunState[] | null | undefined;
  readonly operation?: string | null | undefined;
  readonly requestedById?: string | null | undefined;
  /** Asked for at or after. */
  readonly since?: Date | null | undefined;
  /** Asked for before. */
  readonly until?: Date | null | undefined;
};

const columns = { clusterId: 'run.cluster_id', environment: 'run.environment' };

/** Newest first, by number, which is unique. */
export async function listRuns(
  db: Queryable,
  { visibility, filter, page }: { visibility: Visibility; filter: RunListFilter; page: Page<{ number: number }> },
): Promise<readonly Run[]> {
  const part = pageOf(page, { columns: ['run.number'], direction: 'desc', values: ({ number }) => [number] });
  const rows = await runsThat(db, { visibility, filter })
    .selectAll('run')
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toRun));
}

/** How many there are of them. */
export async function countRuns(
  db: Queryable,
  which: { visibility: Visibility; filter: RunListFilter },
): Promise<number> {
  const row = await runsThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function runsThat(db: Queryable, { visibility, filter }: { visibility: Visibility; filter: RunListFilter }) {
  let query = db.selectFrom('run').where(isVisible(visibility, columns));
  if (filter.clusterId != null) query = query.where('cluster_id', '=', filter.clusterId);
  if (filter.states != null)
    query = query.where(
      filter.states.length === 0 ? sql<SqlBool>`FALSE` : sql<SqlBool>`state IN (${sql.join(filter.states)})`,
    );
  if (filter.operation != null) query = query.where('operation', '=', filter.operation);
  if (filter.requestedById != null) query = query.where('requested_by_id', '=', filter.requestedById);
  if (filter.since != null) query = query.where('created_at', '>=', filter.since);
  if (filter.until != null) query = query.where('created_at', '<', filter.until);
  return query;
}

export async function findVisibleRuns(
  db: Queryable,
  by: { visibility: Visibility; ids: readonly string[] },
): Promise<readonly Run[]> {
  const rows = await db
    .selectFrom('run')
    .selectAll()
    .where('id', 'in', by.ids)
    .where(isVisible(by.visibility, columns))
    .execute();
  return rows.map(toRun);
}

export async function findVisibleRunByNumber(
  db: Queryable,
  by: { visibility: Visibility; number: number },
): Promise<Run | null> {
  const row = await db
    .selectFrom('run')
    .selectAll()
    .where('number', '=', by.number)
    .where(isVisible(by.visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** The newest run of each cluster, oldest number first among those of the same millisecond. */
export async function lastRuns(db: Queryable, clusterIds: readonly string[]): Promise<readonly Run[]> {
  const rows = await db
    .selectFrom('run')
    .innerJoin(
      (from) =>
        from
          .selectFrom('run')
          .select(({ fn }) => ['cluster_id as newest_cluster', fn.max('created_at').as('newest_at')])
          .where('cluster_id', 'in', clusterIds)
          .groupBy('cluster_id')
          .as('newest'),
      (join) =>
        join.onRef('newest.newest_cluster', '=', 'run.cluster_id').onRef('newest.newest_at', '=', 'run.created_at'),
    )
    .selectAll('run')
    .execute();
  // Sorted here: the server would write the rows, texts and all, to a temporary table on disk to sort them.
  return rows.map(toRun).toSorted((a, b) => a.number - b.number);
}

export async function stepsOfRuns(db: Queryable, runIds: readonly string[]): Promise<readonly RunStep[]> {
  const rows = await db
    .selectFrom('run_step')
    .selectAll()
    .where('run_id', 'in', runIds)
    .orderBy('run_id')
    .orderBy('position')
    .execute();
  return rows.map(toRunStep);
}

/** How many events each run has. */
export async function countEventsOfRuns(
  db: Queryable,
  runIds: readonly string[],
): Promise<readonly { runId: string; count: number }[]> {
  const rows = await db
    .selectFrom('run_event')
    .select(({ fn }) => ['run_id', fn.countAll<number>().as('count')])
    .where('run_id', 'in', runIds)
    .groupBy('run_id')
    .execute();
  return rows.map((row) => ({ runId: row.run_id, count: Number(row.count) }));
}

/** The first events of each run behind a sequence number; `backward`: the last ones before another. In order in both cases. */
export async function eventsOfRuns(
  db: Queryable,
  {
    runIds,
    afterSequence,
    beforeSequence = null,
    backward = false,
    limit,
  }: {
    runIds: readonly string[];
    afterSequence: number;
    beforeSequence?: number | null;
    backward?: boolean;
    limit: number;
  },
): Promise<readonly RunEvent[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('run_event')
        .selectAll()
        .select(
          sql<number>`ROW_NUMBER() OVER (PARTITION BY run_id ORDER BY sequence ${sql.raw(backward ? 'DESC' : 'ASC')})`.as(
            'place',
          ),
        )
        .where('run_id', 'in', runIds)
        .where('sequence', '>', afterSequence)
        .where(beforeSequence === null ? sql<SqlBool>`TRUE` : sql<SqlBool>`sequence < ${beforeSequence}`)
        .as('numbered'),
    )
    .select(['run_id', 'sequence', 'at', 'type', 'step', 'message'])
    .where('place', '<=', limit)
    .orderBy('run_id')
    .orderBy('sequence')
    .execute();
  return rows.map(toRunEvent);
}

export async function approvalsOfRuns(db: Queryable, runIds: readonly string[]): Promise<readonly Approval[]> {
  return (await db.selectFrom('approval').selectAll().where('run_id', 'in', runIds).execute()).map(toApproval);
}

export async function findApproval(db: Queryable, id: string): Promise<Approval | null> {
  const row = await db.selectFrom('approval').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

export async function votesOfApprovals(db: Queryable, approvalIds: readonly string[]): Promise<readonly Vote[]> {
  return (
    await db.selectFrom('approval_vote').selectAll().where('approval_id', 'in', approvalIds).orderBy('at').execute()
  ).map(toVote);
}

export async function changesOfRuns(db: Queryable, runIds: readonly string[]): Promise<readonly TemporaryChange[]> {
  return (
    await db.selectFrom('temporary_change').selectAll().where('run_id', 'in', runIds).orderBy('position').execute()
  ).map(toTemporaryChange);
}

/** How many runs are in each state, and how long the oldest one that is due has waited for a worker, in milliseconds. */
export async function readRunMetrics(
  db: Queryable,
): Promise<{ byState: ReadonlyMap<string, number>; queueLagMs: number }> {
  const counts = await db
    .selectFrom('run')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const due = await db
    .selectFrom('run')
    .select(
      sql<number | null>`TIMESTAMPDIFF(MICROSECOND, MIN(COALESCE(due_at, created_at)), ${databaseNow}) / 1000`.as(
        'lag',
      ),
    )
    .where('state', 'in', drivenRunStates)
    .where((row) => row.or([row('due_at', 'is', null), row('due_at', '<=', databaseNow)]))
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .executeTakeFirst();
  return {
    byState: new Map(counts.map((row) => [row.state, Number(row.count)])),
    queueLagMs: Math.max(0, Number(due?.lag ?? 0)),
  };
}
