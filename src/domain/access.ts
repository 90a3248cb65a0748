import type { RunVia } from './run.ts';

export const roles = ['VIEWER', 'OPERATOR', 'APPROVER', 'ADMIN'] as const;
export type Role = (typeof roles)[number];

/** What an operation or a query needs. `<noun>:<verb>`. */
export const permissions = [
  'cluster:read',
  'cluster:register',
  'cluster:unregister',
  'cluster:check',
  'host:attach',
  'node:restart',
  'backup:create',
  'cluster:upgrade',
  'release:manage',
  'run:control',
  'run:approve',
  'alert:handle',
  'audit:read',
  'access:manage',
] as const;
export type Permission = (typeof permissions)[number];

const granted: Record<Role, readonly Permission[]> = {
  VIEWER: ['cluster:read'],
  OPERATOR: [
    'cluster:read',
    'cluster:check',
    'node:restart',
    'backup:create',
    'cluster:upgrade',
    'run:control',
    'alert:handle',
  ],
  APPROVER: ['cluster:read', 'run:approve', 'alert:handle', 'audit:read'],
  ADMIN: permissions,
};

/** The roles that grant a permission, where they hold. */
export function rolesWith(permission: Permission): readonly Role[] {
  return roles.filter((role) => granted[role].includes(permission));
}

/** Where a role holds: everywhere, on all clusters with an environment label, or on one cluster. Bindings only add. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'environment'; readonly environment: string }
  | { readonly kind: 'cluster'; readonly clusterId: string };

export type RoleBinding = { readonly role: Role; readonly scope: Scope };

/** Who asks. `id` is a person (`per_…`), or `system`; a token and a Slack account act as the person they belong to. */
export type Actor = {
  readonly id: string;
  readonly name: string;
  readonly via: RunVia;
  readonly bindings: readonly RoleBinding[];
};

/** The cluster an action is about; null for what concerns the whole installation. */
export type AccessTarget = { readonly clusterId: string; readonly environment: string } | null;

/** Names that the audit log gives to no person: Starwarden itself, who had no good token, and whoever asks when nobody has to log in. */
export const reservedNames: readonly string[] = ['starwarden', 'system', 'unknown', 'anonymous'];

/** Starwarden itself: schedules, recovery, the probe. */
export const systemActor: Actor = {
  id: 'system',
  name: 'starwarden',
  via: 'AUTOMATION',
  bindings: [{ role: 'ADMIN', scope: { kind: 'all' } }],
};

/** True when one of the actor's roles, where it holds, grants the permission. Outside any cluster only global bindings count. */
export function can(actor: Actor, permission: Permission, target: AccessTarget): boolean {
  return actor.bindings.some((binding) => granted[binding.role].includes(permission) && covers(binding.scope, target));
}

/** True when the actor holds the permission anywhere at all; for lists that are then filtered by cluster. */
export function canSomewhere(actor: Actor, permission: Permission): boolean {
  return actor.bindings.some((binding) => granted[binding.role].includes(permission));
}

function covers(scope: Scope, target: AccessTarget): boolean {
  if (scope.kind === 'all') return true;
  if (target === null) return false;
  return scope.kind === 'environment' ? scope.environment === target.environment : scope.clusterId === target.clusterId;
}
