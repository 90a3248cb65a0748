import { z } from 'zod';
import { createToken as create, revokeToken as revoke } from '../../store/access/people.ts';
import { accessTopic } from '../access-topic.ts';
import { type RequestContext, requireGlobally } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const dayMs = 86_400_000;

const tokenShape = z.object({
  personId: z.string(),
  label: z.string().trim().min(1, '1 to 128 characters').max(128, '1 to 128 characters'),
  expiresInDays: z.int().min(1, '1 to 730 days').max(730, '1 to 730 days').nullish(),
});

export async function createToken(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'createToken' });
  return withUserErrors({ token: null, apiToken: null }, async () => {
    const { personId, label, expiresInDays } = parseArguments(tokenShape, input);
    return create(context.deps.db, { personId, label, expiresInMs: (expiresInDays ?? 365) * dayMs }, context);
  });
}

export async function revokeToken(_: unknown, { id }: { id: string }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'revokeToken' });
  return withUserErrors({ apiToken: null }, async () => {
    const apiToken = await revoke(context.deps.db, id, context);
    context.deps.doorbell.changed(accessTopic(apiToken.personId));
    return { apiToken };
  });
}
