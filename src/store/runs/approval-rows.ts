import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type Approval, approvalStates, type Vote } from '../../domain/approval.ts';
import type { Tables } from '../generated/tables.ts';

export function toApproval(row: Selectable<Tables['approval']>): Approval {
  return {
    id: row.id,
    number: row.number,
    runId: row.run_id,
    planHash: row.plan_hash,
    state: z.enum(approvalStates).parse(row.state),
    required: row.required,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
  };
}

export function toVote(row: Selectable<Tables['approval_vote']>): Vote {
  return {
    approvalId: row.approval_id,
    personId: row.person_id,
    personName: row.person_name,
    via: row.via,
    vote: z.enum(['APPROVE', 'DENY']).parse(row.vote),
    comment: row.comment,
    at: row.at,
  };
}
