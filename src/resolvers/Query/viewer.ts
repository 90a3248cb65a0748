import { canSomewhere, permissions } from '../../domain/access.ts';
import { permissionValue } from '../../schema/permission-value.ts';
import type { RequestContext } from '../request-context.ts';

export function viewer(_: unknown, _args: unknown, { actor, caller }: RequestContext) {
  return {
    id: actor.id,
    name: actor.name,
    bindings: actor.bindings,
    permissions: permissions.filter((permission) => canSomewhere(actor, permission)).map(permissionValue),
    tokenExpiresAt: caller.tokenExpiresAt,
  };
}
