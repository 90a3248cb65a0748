import { type SqlBool, sql } from 'kysely';
import type { Approval, Vote } from '../../domain/approval.ts';
import type { RunEvent, RunStep, TemporaryChange } from '../../domain/run.ts';
import type { Reader } from '../database.ts';
import { toApproval, toVote } from '../runs/approval-rows.ts';
import { toRunEvent, toRunStep, toTemporaryChange } from '../runs/run-rows.ts';

/*
 * What belongs to runs that the caller has read with their rights. One statement each, however many ids are given.
 */

export async function stepsOfRuns(db: Reader, runIds: readonly string[]): Promise<readonly RunStep[]> {
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
  db: Reader,
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

/**
 * The first events of each run after a sequence number; `backward`: the last ones before another. Oldest first in both
 * cases.
 */
export async function eventsOfRuns(
  db: Reader,
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

export async function approvalsOfRuns(db: Reader, runIds: readonly string[]): Promise<readonly Approval[]> {
  return (await db.selectFrom('approval').selectAll().where('run_id', 'in', runIds).execute()).map(toApproval);
}

export async function votesOfApprovals(db: Reader, approvalIds: readonly string[]): Promise<readonly Vote[]> {
  return (
    await db.selectFrom('approval_vote').selectAll().where('approval_id', 'in', approvalIds).orderBy('at').execute()
  ).map(toVote);
}

export async function changesOfRuns(db: Reader, runIds: readonly string[]): Promise<readonly TemporaryChange[]> {
  return (
    await db.selectFrom('temporary_change').selectAll().where('run_id', 'in', runIds).orderBy('position').execute()
  ).map(toTemporaryChange);
}

/** When the last event of a run was written. */
export async function readLastEventAt(db: Reader, runId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('run_event')
    .select('at')
    .where('run_id', '=', runId)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.at ?? null;
}
