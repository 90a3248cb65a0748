import { z } from 'zod';
import { type RoleBinding, reservedNames, roles, type Scope } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import {
  addPerson as add,
  bindRole as bind,
  disablePerson as disable,
  unbindRole as unbind,
} from '../../store/access/people.ts';
import { accessTopic } from '../access-topic.ts';
import { type RequestContext, requireGlobally } from '../request-context.ts';
import { withUserErrors } from '../user-errors.ts';
import { parseArguments } from './parse-arguments.ts';

const personName = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{1,63}$/, '2 to 64 characters: lower-case letters, digits, dots, hyphens, underscores')
  .refine((name) => !reservedNames.includes(name), `${reservedNames.join(', ')} are Starwarden's own names`);

const bindingShape = z.object({
  personId: z.string(),
  role: z.enum(roles),
  environment: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, '1 to 40 characters: lower-case letters, digits, hyphens')
    .nullish(),
  clusterId: z
    .string()
    .regex(/^clu_[0-9A-Z]{26}$/, 'A cluster id looks like clu_01J…')
    .nullish(),
});

export async function addPerson(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'addPerson' });
  return withUserErrors({ person: null }, async () => {
    const { name } = parseArguments(z.object({ name: personName }), input);
    return { person: await add(context.deps.db, name, context) };
  });
}

export async function disablePerson(_: unknown, { id }: { id: string }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'disablePerson' });
  return withUserErrors({ person: null }, async () => {
    if (id === context.actor.id) {
      throw new AppError('PRECONDITION_FAILED', 'Nobody can shut themselves out', {
        hint: 'Ask another ADMIN.',
        path: ['id'],
      });
    }
    return { person: tell(context, await disable(context.deps.db, id, context)) };
  });
}

export async function bindRole(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'bindRole' });
  return withUserErrors({ person: null }, async () => {
    const { personId, binding } = readBinding(input);
    return { person: tell(context, await bind(context.deps.db, personId, binding, context)) };
  });
}

export async function unbindRole(_: unknown, { input }: { input: unknown }, context: RequestContext) {
  await requireGlobally(context, { permission: 'access:manage', action: 'unbindRole' });
  return withUserErrors({ person: null }, async () => {
    const { personId, binding } = readBinding(input);
    if (personId === context.actor.id && binding.role === 'ADMIN' && binding.scope.kind === 'all') {
      throw new AppError('PRECONDITION_FAILED', 'Nobody can take the role ADMIN from themselves', {
        hint: 'Ask another ADMIN.',
        path: ['input', 'role'],
      });
    }
    return { person: tell(context, await unbind(context.deps.db, personId, binding, context)) };
  });
}

/** Open connections with this person's tokens read again who they are. */
function tell<P extends { readonly id: string }>({ deps }: RequestContext, person: P): P {
  deps.doorbell.changed(accessTopic(person.id));
  return person;
}

function readBinding(input: unknown): { personId: string; binding: RoleBinding } {
  const { personId, role, environment, clusterId } = parseArguments(bindingShape, input);
  return { personId, binding: { role, scope: scopeOf(environment ?? null, clusterId ?? null) } };
}

function scopeOf(environment: string | null, clusterId: string | null): Scope {
  if (environment !== null && clusterId !== null) {
    throw new AppError('INVALID_INPUT', 'A role holds for an environment or for a cluster, not for both', {
      hint: 'Bind the role twice.',
      path: ['input', 'clusterId'],
    });
  }
  if (environment !== null) return { kind: 'environment', environment };
  return clusterId === null ? { kind: 'all' } : { kind: 'cluster', clusterId };
}
