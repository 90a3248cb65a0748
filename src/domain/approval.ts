import { type AccessTarget, type Actor, can } from './access.ts';

/** `read` changes nothing; `low` is small and reversible; `high` affects service; `destructive` is hard to undo. */
export const risks = ['read', 'low', 'high', 'destructive'] as const;
export type Risk = (typeof risks)[number];

/** Whether a label looks as if it meant `prod`, in one of the ways in which people write that. */
function looksLikeProduction(environment: string): boolean {
  return /(^|-)(prod|prd|production|produktion|live)(-|$|\d)/.test(environment);
}

/**
 * A note for somebody who labels a cluster so that it looks like production and yet needs nobody's approval; null =
 * nothing to say. The label is a person's choice; its consequences must not surprise them.
 */
export function noteOnEnvironment(environment: string, approvalEnvironments: readonly string[]): string | null {
  if (approvalEnvironments.includes(environment) || !looksLikeProduction(environment)) return null;
  const named = approvalEnvironments.length === 0 ? 'in no environment' : `in ${approvalEnvironments.join(', ')} only`;
  return `${environment} looks like production, but nobody has to approve what is done there: approvals are asked for ${named} (STARWARDEN_APPROVAL_ENVIRONMENTS)`;
}

export const approvalTtlMs = 30 * 60_000;

/** How long after the last approval a run may be retried or undone without asking again. */
export const approvalCoversMs = 24 * 3_600_000;

/** How many people other than the requester must approve before a run of this risk may start. */
export function approvalsRequired(
  risk: Risk,
  { environment, approvalEnvironments }: { environment: string; approvalEnvironments: readonly string[] },
): number {
  const production = approvalEnvironments.includes(environment);
  switch (risk) {
    case 'read':
    case 'low':
      return 0;
    case 'high':
      return production ? 1 : 0;
    case 'destructive':
      return production ? 2 : 1;
    default:
      return risk satisfies never;
  }
}

/** True for risks for which the cluster's name has to be typed. */
export function needsConfirmation(risk: Risk): boolean {
  return risk === 'destructive';
}

export type VoteRefusal = {
  readonly code: 'FORBIDDEN' | 'PRECONDITION_FAILED' | 'APPROVAL_EXPIRED' | 'PLAN_STALE';
  readonly message: string;
  readonly hint: string;
};

/**
 * Why this person may not vote on this approval now; null = they may. A requester may never vote, whatever roles they
 * hold.
 */
export function whyMayNotVote(vote: {
  actor: Actor;
  requestedById: string;
  target: AccessTarget;
  expiresAt: Date;
  now: Date;
  planHash: string;
  votedPlanHash: string | null;
  alreadyVoted: boolean;
}): VoteRefusal | null {
  if (!can(vote.actor, 'run:approve', vote.target)) {
    return {
      code: 'FORBIDDEN',
      message: `${vote.actor.name} may not approve on this cluster`,
      hint: 'A person with the role APPROVER or ADMIN on it can.',
    };
  }
  if (vote.actor.id === vote.requestedById) {
    return {
      code: 'FORBIDDEN',
      message: 'The person who asked cannot approve',
      hint: 'Ask another person with the role APPROVER.',
    };
  }
  if (vote.now >= vote.expiresAt) {
    return {
      code: 'APPROVAL_EXPIRED',
      message: `The approval expired at ${vote.expiresAt.toISOString()}`,
      hint: 'Ask for the operation again.',
    };
  }
  if (vote.votedPlanHash !== null && vote.votedPlanHash !== vote.planHash) {
    return {
      code: 'PLAN_STALE',
      message: 'The plan is not the one that was shown',
      hint: 'Look at the plan of the run again, then approve.',
    };
  }
  if (vote.alreadyVoted) {
    return {
      code: 'PRECONDITION_FAILED',
      message: `${vote.actor.name} has voted already`,
      hint: 'One vote per person counts.',
    };
  }
  return null;
}

export const approvalStates = ['PENDING', 'APPROVED', 'DENIED', 'EXPIRED', 'CANCELED'] as const;

export type Approval = {
  readonly id: string;
  /** The short number that people type: `P-5`. */
  readonly number: number;
  readonly runId: string;
  readonly planHash: string;
  readonly state: (typeof approvalStates)[number];
  readonly required: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly decidedAt: Date | null;
};

export type Vote = {
  readonly approvalId: string;
  readonly personId: string;
  readonly personName: string;
  readonly via: string;
  readonly vote: 'APPROVE' | 'DENY';
  readonly comment: string | null;
  readonly at: Date;
};
