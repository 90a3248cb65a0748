import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { insertAudit } from '../../store/access/audit.ts';
import { findPerson } from '../../store/reads/persons.ts';
import { linkSlackUser as link, redeemLinkCode, unlinkSlackUser } from '../../store/slack/slack.ts';
import { type RequestContext, requireGlobally } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const account = z.object({
  team: z.string().regex(/^T[A-Z0-9]{2,31}$/, 'The id of a workspace looks like T012AB3CD'),
  user: z.string().regex(/^[UW][A-Z0-9]{2,31}$/, 'The id of a user looks like U012AB3CD'),
});

export function linkSlackUser(_: unknown, { code }: { code: string }, { deps, actor }: RequestContext) {
  return withUserErrors({ person: null, account: null }, async () => ({
    account: await redeemLinkCode(deps.db, { code, personId: actor.id }),
    person: await findPerson(deps.db, actor.id),
  }));
}

export async function linkSlackAccount(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'linkSlackAccount' });
  return withUserErrors({ person: null, account: null }, async () => {
    const { personId, team, user } = parseArguments(account.extend({ personId: z.string() }), input);
    await link(context.deps.db, { team, user, personId, byPersonId: context.actor.id });
    return { account: { team, user }, person: await findPerson(context.deps.db, personId) };
  });
}

export async function unlinkSlackAccount(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'unlinkSlackAccount' });
  return withUserErrors({ person: null, account: null }, async () => {
    const {
      actor,
      requestId,
      deps: { db },
    } = context;
    const given = parseArguments(account, input);
    if (await unlinkSlackUser(db, given)) {
      await insertAudit(db, {
        actor,
        action: 'unlinkSlackAccount',
        subject: given.user,
        clusterId: null,
        outcome: 'DONE',
        detail: given,
        runId: null,
        requestId,
      });
      return { account: given, person: null };
    }
    throw new AppError('NOT_FOUND', 'This Slack account is linked with nobody', {
      hint: 'Compare the ids.',
      path: ['input', 'user'],
    });
  });
}
