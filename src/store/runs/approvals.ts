import type { Approval, Vote } from '../../domain/approval.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';
import { toApproval, toVote } from './approval-rows.ts';

export async function findApprovalOfRun(db: Queryable, runId: string): Promise<Approval | null> {
  const row = await db.selectFrom('approval').selectAll().where('run_id', '=', runId).executeTakeFirst();
  return row === undefined ? null : toApproval(row);
}

export async function listVotes(db: Queryable, approvalId: string): Promise<readonly Vote[]> {
  const rows = await db
    .selectFrom('approval_vote')
    .selectAll()
    .where('approval_id', '=', approvalId)
    .orderBy('at')
    .execute();
  return rows.map(toVote);
}

/**
 * Runs whose approval is pending and whose time for it is over. The approval is expired by a worker, so that a card in
 * Slack can say so.
 */
export async function listOverdueApprovals(db: Queryable, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('approval')
    .select('run_id')
    .where('state', '=', 'PENDING')
    .where('expires_at', '<=', databaseNow)
    .limit(limit)
    .execute();
  return rows.map((row) => row.run_id);
}

/** Ends the pending approval of a run; false when there is none, or (for `EXPIRED`) its time is not over. */
export async function endApproval(
  tx: Tx,
  runId: string,
  state: Exclude<Approval['state'], 'PENDING'>,
): Promise<boolean> {
  const result = await tx
    .updateTable('approval')
    .set({ state, decided_at: databaseNow })
    .where('run_id', '=', runId)
    .where('state', '=', 'PENDING')
    .$if(state === 'EXPIRED', (update) => update.where('expires_at', '<=', databaseNow))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** One vote per person: a second one is a duplicate key. */
export async function insertVote(tx: Tx, vote: Omit<Vote, 'at'>): Promise<void> {
  await tx
    .insertInto('approval_vote')
    .values({
      approval_id: vote.approvalId,
      person_id: vote.personId,
      person_name: vote.personName,
      via: vote.via,
      vote: vote.vote,
      comment: vote.comment,
      at: databaseNow,
    })
    .execute();
}
