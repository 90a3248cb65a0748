import type { RunVia } from './run.ts';

/** What an operation or a query needs, `<noun>:<verb>`, each with what it allows. */
export const permissionTable = {
  'cluster:read': 'See a cluster, its runs and its backups.',
  'cluster:register': 'Put clusters under management.',
  'cluster:unregister': 'Forget clusters.',
  'cluster:check': 'Refresh and check clusters.',
  'host:attach': 'Give Starwarden access to hosts.',
  'node:restart': 'Start, stop and restart nodes.',
  'cluster:deploy': 'Deploy new clusters.',
  'cluster:scale': 'Add, remove, move and replace nodes, and say where they stand.',
  'node:purge': 'Delete the data of nodes that have left.',
  'tablet:repair': 'Repair tablets, set replicas bad, and pause balancing for a time.',
  'backup:create': 'Make backups.',
  'restore:create': 'Restore backups, beside what stands or under names that are free.',
  'backup:manage': 'Manage repositories, backup policies and pins.',
  'backup:delete': 'Delete backups, and let a policy delete them.',
  'schedule:manage': 'Make and change schedules.',
  'calendar:manage': 'Set maintenance windows and blackouts.',
  'automation:hold': 'Hold and release whatever begins by itself.',
  'cluster:upgrade': 'Upgrade and downgrade clusters.',
  'release:manage': 'Manage the catalogue of releases.',
  'run:control': 'Cancel, pause, resume, retry and undo runs.',
  'run:approve': 'Say yes or no to the runs of others.',
  'alert:handle': 'Acknowledge, resolve and assign alerts, and note something on them.',
  'alert:silence': 'Silence alerts, agree to the silences of others, and end them.',
  'rule:manage': 'Make alert rules, and change or switch off those that there are.',
  'route:manage': 'Say where alerts go and who is on call: routes and rotations.',
  'audit:read': 'Read the audit log.',
  'access:manage': 'Manage people, roles and tokens.',
} as const satisfies Readonly<Record<`${string}:${string}`, string>>;
export type Permission = keyof typeof permissionTable;

export const permissions = Object.keys(permissionTable).filter((name): name is Permission => name in permissionTable);

type RoleRow = { readonly means: string; readonly grants: readonly Permission[] };

/** What each role is for, and the permissions that it grants. */
export const roleTable = {
  VIEWER: { means: 'See clusters and runs.', grants: ['cluster:read'] },
  OPERATOR: {
    means: 'Check, back up, restore, restart, upgrade and scale; control runs; handle and silence alerts.',
    grants: [
      'cluster:read',
      'cluster:check',
      'node:restart',
      'backup:create',
      'restore:create',
      'backup:manage',
      'schedule:manage',
      'calendar:manage',
      'automation:hold',
      'cluster:upgrade',
      'cluster:scale',
      'tablet:repair',
      'run:control',
      'alert:handle',
      'rule:manage',
      'alert:silence',
    ],
  },
  APPROVER: {
    means: 'Approve runs, read the audit log, handle and silence alerts.',
    grants: ['cluster:read', 'run:approve', 'alert:handle', 'alert:silence', 'audit:read'],
  },
  ADMIN: { means: 'Everything, people and tokens included.', grants: permissions },
} as const satisfies Readonly<Record<string, RoleRow>>;
export type Role = keyof typeof roleTable;

export const roles = Object.keys(roleTable).filter((name): name is Role => name in roleTable);

function grants(role: Role, permission: Permission): boolean {
  const row: RoleRow = roleTable[role];
  return row.grants.includes(permission);
}

/** The roles that grant a permission, where they hold. */
export function rolesWith(permission: Permission): readonly Role[] {
  return roles.filter((role) => grants(role, permission));
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

/** The cluster an action is about; null for an action on the whole installation. */
export type AccessTarget = { readonly clusterId: string; readonly environment: string } | null;

/** As whom everybody acts while no login is needed. Has all rights then, and no role that is stored. */
export const nobodyName = 'anonymous';

/**
 * Names in the audit log that belong to no person: Starwarden itself, a caller without a valid token, and anybody while
 * no login is needed.
 */
export const reservedNames: readonly string[] = ['starwarden', 'system', 'unknown', nobodyName];

/** Starwarden itself: schedules, recovery, the probe. */
export const systemActor: Actor = {
  id: 'system',
  name: 'starwarden',
  via: 'AUTOMATION',
  bindings: [{ role: 'ADMIN', scope: { kind: 'all' } }],
};

/**
 * True when one of the actor's roles grants the permission and holds for the target. Without a cluster as target, only
 * global bindings count.
 */
export function can(actor: Actor, permission: Permission, target: AccessTarget): boolean {
  return actor.bindings.some((binding) => grants(binding.role, permission) && covers(binding.scope, target));
}

/** True when the actor holds the permission anywhere at all; for lists that are then filtered by cluster. */
export function canSomewhere(actor: Actor, permission: Permission): boolean {
  return actor.bindings.some((binding) => grants(binding.role, permission));
}

function covers(scope: Scope, target: AccessTarget): boolean {
  if (scope.kind === 'all') return true;
  if (target === null) return false;
  return scope.kind === 'environment' ? scope.environment === target.environment : scope.clusterId === target.clusterId;
}
