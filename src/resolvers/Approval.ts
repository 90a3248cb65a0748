import type { Approval as ApprovalRow, Vote as VoteRow } from '../domain/approval.ts';
import type { RequestContext } from './request-context.ts';

export const Approval = {
  votes: (approval: ApprovalRow, _: unknown, { loaders }: RequestContext) => loaders.votesOfApproval.load(approval.id),
};

export const Vote = {
  by: (vote: VoteRow) => ({ id: vote.personId, name: vote.personName }),
};
