import { type Actor, can, type Permission } from '../domain/access.ts';
import { approvalCoversMs } from '../domain/approval.ts';
import type { Failure, Run } from '../domain/run.ts';
import { count } from '../domain/words.ts';
import type { AnyOperation } from '../operations/define.ts';
import { findActorByPersonId } from '../store/access/actors.ts';
import { type Database, readDatabaseTime } from '../store/database.ts';
import { findPerson } from '../store/reads/persons.ts';
import { findApprovalOfRun, listVotes } from '../store/runs/approvals.ts';

/**
 * Why a run that waited may not begin any more: the requester was shut out or lost the role meanwhile, too few of those
 * who approved may still approve, or the approval was too long ago. Null = it may.
 */
export async function whyNotEntitled(db: Database, run: Run, operation: AnyOperation): Promise<Failure | null> {
  const target = run.targetKind === 'new-cluster' ? null : { clusterId: run.clusterId, environment: run.environment };
  const may = async (personId: string, permission: Permission): Promise<boolean> => {
    const actor = await findPersonNow(db, personId, run.via);
    return actor === 'no person' || (actor !== null && can(actor, permission, target));
  };
  if (!(await may(run.requestedById, operation.permission))) {
    return {
      code: 'FORBIDDEN',
      message: `${run.requestedByName} may not do this any more`,
      hint: `It needs the permission ${operation.permission}; somebody who has it can ask again.`,
      step: null,
    };
  }
  const approval = await findApprovalOfRun(db, run.id);
  if (approval === null) return null;
  const sinceMs = (await readDatabaseTime(db)).getTime() - (approval.decidedAt ?? approval.createdAt).getTime();
  if (sinceMs > approvalCoversMs) {
    return {
      code: 'APPROVAL_EXPIRED',
      message: `It was approved ${count(Math.floor(sinceMs / 3_600_000), 'hour')} ago`,
      hint: `An approval covers ${approvalCoversMs / 3_600_000} hours. Ask for the operation again.`,
      step: null,
    };
  }
  const votes = (await listVotes(db, approval.id)).filter((vote) => vote.vote === 'APPROVE');
  const counted = await Promise.all(votes.map((vote) => may(vote.personId, 'run:approve')));
  const left = counted.filter(Boolean).length;
  if (left >= approval.required) return null;
  return {
    code: 'APPROVAL_REQUIRED',
    message: `Of those who approved ${left} may still do so; ${approval.required} are needed`,
    hint: 'Ask for the operation again.',
    step: null,
  };
}

/** `no person`: the program itself, or anybody while authentication is switched off. */
async function findPersonNow(db: Database, personId: string, via: Run['via']): Promise<Actor | null | 'no person'> {
  if ((await findPerson(db, personId)) === null) return 'no person';
  return findActorByPersonId(db, personId, via);
}
