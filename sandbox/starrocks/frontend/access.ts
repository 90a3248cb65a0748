import type { Release } from '../release.ts';
import type { PrivilegeObject } from '../sql/ast.ts';
import { SqlError } from '../sql/errors.ts';
import type { FrontendContext } from './context.ts';
import type { ClusterState, Grant, Role, User } from './meta/state.ts';
import type { Session } from './session.ts';

const systemPrivileges = [
  'NODE',
  'OPERATE',
  'REPOSITORY',
  'GRANT',
  'PLUGIN',
  'FILE',
  'BLACKLIST',
  'SECURITY',
  'CREATE RESOURCE',
  'CREATE RESOURCE GROUP',
  'CREATE EXTERNAL CATALOG',
  'CREATE GLOBAL FUNCTION',
  'CREATE STORAGE VOLUME',
  'CREATE WAREHOUSE',
];
const system: PrivilegeObject = { kind: 'SYSTEM' };
const anyDatabase: PrivilegeObject = { kind: 'DATABASE', db: '*' };
const anyTable: PrivilegeObject = { kind: 'TABLE', db: '*', table: '*' };
const dbAdminSystem = systemPrivileges.filter((name) => !['NODE', 'GRANT', 'SECURITY'].includes(name));

const allObjects: Grant[] = [
  { privilege: 'ALL', object: { kind: 'CATALOG' } },
  { privilege: 'ALL', object: anyDatabase },
  { privilege: 'ALL', object: anyTable },
];

/** cluster_admin holds NODE and nothing else, which is why it can add a backend but not look at SHOW PROC. */
export const builtInRoles: Role[] = [
  { name: 'root', roles: [], grants: [...onSystem(systemPrivileges), ...allObjects] },
  { name: 'db_admin', roles: [], grants: [...onSystem(dbAdminSystem), ...allObjects] },
  { name: 'cluster_admin', roles: [], grants: onSystem(['NODE', 'CREATE WAREHOUSE']) },
  { name: 'user_admin', roles: [], grants: onSystem(['GRANT']) },
  { name: 'security_admin', roles: [], grants: onSystem(['SECURITY', 'OPERATE']) },
  { name: 'public', roles: [], grants: [] },
];

function onSystem(privileges: string[]): Grant[] {
  return privileges.map((privilege) => ({ privilege, object: system }));
}

export function userKey(user: { name: string; host: string }): string {
  return `'${user.name}'@'${user.host}'`;
}

/** The account a login belongs to: the one whose host pattern fits, the most exact pattern first. */
export function findAccount(state: ClusterState, name: string, remote: string): User | null {
  const fitting = [...state.users.values()].filter((user) => user.name === name && hostFits(user.host, remote));
  return fitting.sort((a, b) => b.host.length - a.host.length)[0] ?? null;
}

function hostFits(pattern: string, remote: string): boolean {
  const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%', '.*');
  return new RegExp(`^${escaped}$`).test(remote);
}

export type Need = { privileges: string[]; object?: PrivilegeObject };

/** Refuses the statement unless the session has at least one of the privileges on the object (SYSTEM by default). */
export function requirePrivilege(fe: FrontendContext, session: Session, { privileges, object = system }: Need): void {
  if (hasPrivilege(fe.group.state, session, { privileges, object })) return;
  throw accessDenied(fe.release, describeNeed(privileges, object, rolesText(fe.group.state, session)));
}

export function hasPrivilege(state: ClusterState, session: Session, { privileges, object = system }: Need): boolean {
  return grantsOf(state, session).some((grant) => {
    return (grant.privilege === 'ALL' || privileges.includes(grant.privilege)) && covers(grant.object, object);
  });
}

function grantsOf(state: ClusterState, session: Session): Grant[] {
  const user = state.users.get(userKey({ name: session.user, host: session.userHost }));
  const seen = new Set<string>();
  const collect = (names: string[]): Grant[] =>
    names.flatMap((name) => {
      const role = seen.has(name) ? null : state.roles.get(name);
      seen.add(name);
      return role ? [...role.grants, ...collect(role.roles)] : [];
    });
  return [...(user?.grants ?? []), ...collect([...session.roles, 'public'])];
}

/** Any grant on a database or its tables lets a user see and use the database. */
export function canSeeDatabase(state: ClusterState, session: Session, db: string): boolean {
  return grantsOf(state, session).some(({ object }) => {
    return (object.kind === 'DATABASE' || object.kind === 'TABLE') && (object.db === '*' || object.db === db);
  });
}

function covers(granted: PrivilegeObject, wanted: PrivilegeObject): boolean {
  if (granted.kind === 'DATABASE' && wanted.kind === 'DATABASE') return granted.db === '*' || granted.db === wanted.db;
  if (granted.kind === 'TABLE' && wanted.kind === 'TABLE') {
    const dbFits = granted.db === '*' || granted.db === wanted.db;
    return dbFits && (granted.table === '*' || granted.table === wanted.table);
  }
  return granted.kind === wanted.kind && granted.kind !== 'DATABASE' && granted.kind !== 'TABLE';
}

function describeNeed(privileges: string[], object: PrivilegeObject, roles: string): string {
  const target =
    object.kind === 'TABLE'
      ? `TABLE ${object.table}`
      : object.kind === 'DATABASE'
        ? `DATABASE ${object.db}`
        : object.kind;
  return (
    `Access denied; you need (at least one of) the ${privileges.join(' OR ')} privilege(s) on ${target} for this operation. ` +
    `Please ask the admin to grant permission(s) or try activating existing roles using <set [default] role>. ${roles}`
  );
}

function rolesText(state: ClusterState, session: Session): string {
  const user = state.users.get(userKey({ name: session.user, host: session.userHost }));
  const inactive = (user?.roles ?? []).filter((role) => !session.roles.includes(role));
  const list = (roles: string[]) => (roles.length === 0 ? 'NONE' : `[${roles.join(', ')}]`);
  return `Current role(s): ${list(session.roles)}. Inactivated role(s): ${list(inactive)}.`;
}

function accessDenied(release: Release, message: string): SqlError {
  return new SqlError(release.atLeast(3, 3) ? 5203 : 1252, '42000', message);
}
