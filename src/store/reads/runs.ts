import { type SqlBool, sql } from 'kysely';
import type { Approval } from '../../domain/approval.ts';
import { type Run, type RunState, terminalRunStates } from '../../domain/run.ts';
import type { Reader } from '../database.ts';
import { toApproval } from '../runs/approval-rows.ts';
import { toRun } from '../runs/run-rows.ts';
import { isVisible, type Page, pageOf, type Visibility } from './visibility.ts';

/*
 * Runs and approvals that somebody may see, each function with one statement. A run keeps the environment of its cluster, so
 * that it can be seen when the cluster is gone.
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
  db: Reader,
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

/** How many runs fit the filter. */
export async function countRuns(db: Reader, which: { visibility: Visibility; filter: RunListFilter }): Promise<number> {
  const row = await runsThat(db, which)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

function runsThat(db: Reader, { visibility, filter }: { visibility: Visibility; filter: RunListFilter }) {
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
  db: Reader,
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
  db: Reader,
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

export async function findVisibleRun(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<Run | null> {
  const [run] = await findVisibleRuns(db, { visibility, ids: [id] });
  return run ?? null;
}

/** The run that waits, or waited, for the approval with this number. */
export async function findVisibleRunOfApproval(
  db: Reader,
  by: { visibility: Visibility; number: number },
): Promise<Run | null> {
  const row = await db
    .selectFrom('approval')
    .innerJoin('run', 'run.id', 'approval.run_id')
    .selectAll('run')
    .where('approval.number', '=', by.number)
    .where(isVisible(by.visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** An approval can be seen by everybody who may see its run. */
export async function findVisibleApproval(
  db: Reader,
  by: { visibility: Visibility; id: string },
): Promise<Approval | null> {
  const row = await db
    .selectFrom('approval')
    .innerJoin('run', 'run.id', 'approval.run_id')
    .selectAll('approval')
    .where('approval.id', '=', by.id)
    .where(isVisible(by.visibility, columns))
    .executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

/** The run of a cluster that ended last. */
export async function findLastEndedRun(
  db: Reader,
  by: { visibility: Visibility; clusterId: string },
): Promise<Run | null> {
  const row = await db
    .selectFrom('run')
    .selectAll()
    .where('cluster_id', '=', by.clusterId)
    .where('state', 'in', terminalRunStates)
    .where(isVisible(by.visibility, columns))
    .orderBy('finished_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toRun(row);
}

/** Of each cluster the newest run that the asker may see, oldest number first among those of the same millisecond. */
export async function lastRuns(
  db: Reader,
  { visibility, clusterIds }: { visibility: Visibility; clusterIds: readonly string[] },
): Promise<readonly Run[]> {
  const visible = isVisible(visibility, columns);
  const rows = await db
    .selectFrom('run')
    .innerJoin(
      (from) =>
        from
          .selectFrom('run')
          .select(({ fn }) => ['cluster_id as newest_cluster', fn.max('created_at').as('newest_at')])
          .where('cluster_id', 'in', clusterIds)
          .where(visible)
          .groupBy('cluster_id')
          .as('newest'),
      (join) =>
        join.onRef('newest.newest_cluster', '=', 'run.cluster_id').onRef('newest.newest_at', '=', 'run.created_at'),
    )
    .selectAll('run')
    .where(visible)
    .execute();
  // Sorted here: the server would write the rows, texts and all, to a temporary table on disk to sort them.
  return rows.map(toRun).toSorted((a, b) => a.number - b.number);
}
