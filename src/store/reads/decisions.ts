import { z } from 'zod';
import type { Reader } from '../database.ts';
import { fromJson } from '../json.ts';

/** A decision that a person made about a run after it was asked for. */
export type Decision = {
  readonly id: number;
  readonly at: Date;
  readonly action: (typeof decisions)[number];
  readonly by: string;
  readonly comment: string | null;
};

export const decisions = ['cancelRun', 'pauseRun', 'resumeRun', 'retryRun', 'undoRun'] as const;
const withComment = z.looseObject({ comment: z.string().optional() });

/** The decisions about a run that were allowed, oldest first; approvals are votes and not among them. */
export async function listDecisions(db: Reader, runId: string): Promise<readonly Decision[]> {
  const rows = await db
    .selectFrom('audit_event')
    .select(['id', 'at', 'action', 'actor_name', 'detail'])
    .where('run_id', '=', runId)
    .where('action', 'in', decisions)
    .where('outcome', '=', 'DONE')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    action: z.enum(decisions).parse(row.action),
    by: row.actor_name,
    comment: row.detail === null ? null : (fromJson(withComment, row.detail).comment ?? null),
  }));
}
