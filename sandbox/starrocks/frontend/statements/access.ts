import { hashPassword } from '../../mysql/auth.ts';
import { done, textRows } from '../../mysql/packets.ts';
import type { GrantTarget, PrivilegeObject, UserName } from '../../sql/ast.ts';
import { analysisError, executionError, SqlError } from '../../sql/errors.ts';
import { builtInRoles, requirePrivilege, userKey } from '../access.ts';
import type { FrontendContext } from '../context.ts';
import { type Handlers, locally, onLeader } from '../handlers.ts';
import { type Change, type ClusterState, change, type Grant, type User } from '../meta/state.ts';

type Kinds =
  | 'createUser'
  | 'alterUser'
  | 'dropUser'
  | 'setPassword'
  | 'createRole'
  | 'dropRole'
  | 'grantRoles'
  | 'grantPrivileges'
  | 'showGrants'
  | 'showUsers'
  | 'showAuthentication'
  | 'showRoles';

const grantNeed = { privileges: ['GRANT'] };

export const accessHandlers: Handlers<Kinds> = {
  createUser: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    const { user, password, defaultRoles } = statement;
    await fe.group.update((state) => {
      if (state.users.has(userKey(user))) {
        if (statement.ifNotExists) return { changes: [], value: null };
        throw executionError(fe.release, `Operation CREATE USER failed for ${userKey(user)} : user already exists`);
      }
      for (const role of defaultRoles) requireRole(fe, state, role);
      const made: User = {
        ...user,
        passwordHash: hashPassword(password),
        roles: defaultRoles,
        defaultRoles,
        grants: [],
      };
      return { changes: [change('users', userKey(user), made)], value: null };
    });
    return done();
  }),

  alterUser: onLeader(async ({ statement, session, fe }) => {
    const own = statement.user.name === session.user && statement.user.host === session.userHost;
    if (!own) requirePrivilege(fe, session, grantNeed);
    await fe.group.update((state) => {
      const user = requireUser(fe, state, statement.user);
      const wanted = statement.defaultRoles === 'ALL' ? user.roles : statement.defaultRoles;
      const missing = wanted?.find((role) => !user.roles.includes(role));
      if (missing !== undefined) throw executionError(fe.release, `Role ${missing} is not granted to ${userKey(user)}`);
      const passwordHash = statement.password === null ? user.passwordHash : hashPassword(statement.password);
      return { changes: [putUser({ ...user, passwordHash, defaultRoles: wanted ?? user.defaultRoles })], value: null };
    });
    return done();
  }),

  dropUser: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    if (userKey(statement.user) === "'root'@'%'") throw analysisError("root user can't be dropped");
    await fe.group.update((state) => {
      if (!state.users.has(userKey(statement.user)) && statement.ifExists) return { changes: [], value: null };
      const user = requireUser(fe, state, statement.user);
      return { changes: [change('users', userKey(user), null)], value: null };
    });
    return done();
  }),

  setPassword: onLeader(async ({ statement, session, fe }) => {
    const target = statement.user ?? { name: session.user, host: session.userHost };
    if (statement.user !== null && userKey(target) !== userKey({ name: session.user, host: session.userHost })) {
      requirePrivilege(fe, session, grantNeed);
    }
    await fe.group.update((state) => {
      const user = requireUser(fe, state, target);
      return { changes: [putUser({ ...user, passwordHash: hashPassword(statement.password) })], value: null };
    });
    return done();
  }),

  createRole: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    await fe.group.update((state) => {
      const taken = statement.names.find((name) => state.roles.has(name));
      if (taken !== undefined && !statement.ifNotExists) {
        throw executionError(fe.release, `Operation CREATE ROLE failed for ${taken} : role already exists`);
      }
      const fresh = statement.names.filter((name) => !state.roles.has(name));
      return { changes: fresh.map((name) => change('roles', name, { name, grants: [], roles: [] })), value: null };
    });
    return done();
  }),

  dropRole: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    await fe.group.update((state) => {
      const changes: Change[] = [];
      for (const name of statement.names) {
        if (builtInRoles.some((role) => role.name === name)) throw analysisError(`role ${name} is not mutable`);
        if (!state.roles.has(name) && statement.ifExists) continue;
        requireRole(fe, state, name);
        changes.push(change('roles', name, null));
      }
      return { changes, value: null };
    });
    return done();
  }),

  grantRoles: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    await fe.group.update((state) => {
      for (const role of statement.roles) requireRole(fe, state, role);
      const next = (held: string[]) => {
        const others = held.filter((role) => !statement.roles.includes(role));
        return statement.revoke ? others : [...others, ...statement.roles];
      };
      const { target } = statement;
      if (target.kind === 'role') {
        const role = requireRole(fe, state, target.role);
        return { changes: [change('roles', role.name, { ...role, roles: next(role.roles) })], value: null };
      }
      const user = requireUser(fe, state, target.user);
      const roles = next(user.roles);
      const defaultRoles = user.defaultRoles.filter((role) => roles.includes(role));
      return { changes: [putUser({ ...user, roles, defaultRoles })], value: null };
    });
    return done();
  }),

  grantPrivileges: onLeader(async ({ statement, session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    const { object, revoke, target } = statement;
    const privileges = statement.privileges.map((one) => one.replace(/^ALL PRIVILEGES$/, 'ALL'));
    if (privileges.includes('NODE')) {
      throw analysisError('Privilege NODE cannot be granted to user or role directly, use built-in role instead');
    }
    await fe.group.update((state) => {
      const grants = privileges.map((privilege): Grant => ({ privilege, object }));
      return { changes: [grantTo(fe, state, { target, grants, revoke })], value: null };
    });
    return done();
  }),

  showGrants: locally(({ statement, session, fe }) => {
    const { state } = fe.group;
    if (statement.role !== null) {
      const role = requireRole(fe, state, statement.role);
      const rows = role.grants.map((grant) => [role.name, 'default_catalog', grantText(grant, `ROLE '${role.name}'`)]);
      return textRows(['RoleName', 'Catalog', 'Grants'], rows);
    }
    const user = requireUser(fe, state, statement.user ?? { name: session.user, host: session.userHost });
    const roles = user.roles.length === 0 ? [] : [`GRANT '${user.roles.join("', '")}' TO ${userKey(user)}`];
    const texts = [...roles, ...user.grants.map((grant) => grantText(grant, `USER ${userKey(user)}`))];
    return textRows(
      ['UserIdentity', 'Catalog', 'Grants'],
      texts.map((text) => [userKey(user), 'default_catalog', text]),
    );
  }),

  showUsers: locally(({ session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    return textRows(
      ['User'],
      [...fe.group.state.users.keys()].map((key) => [key]),
    );
  }),

  showAuthentication: locally(({ statement, session, fe }) => {
    const own = { name: session.user, host: session.userHost };
    const { everybody } = statement;
    const user = statement.user ?? own;
    if (everybody || userKey(user) !== userKey(own)) requirePrivilege(fe, session, grantNeed);
    const shown = everybody ? [...fe.group.state.users.values()] : [requireUser(fe, fe.group.state, user)];
    return textRows(
      ['UserIdentity', 'Password', 'AuthPlugin', 'UserForAuthPlugin'],
      shown.map((one) => [userKey(one), one.passwordHash === '' ? 'No' : 'Yes', 'MYSQL_NATIVE_PASSWORD', null]),
    );
  }),

  showRoles: locally(({ session, fe }) => {
    requirePrivilege(fe, session, grantNeed);
    const names = [...fe.group.state.roles.keys()];
    const builtin = (name: string) => String(builtInRoles.some((role) => role.name === name));
    return textRows(
      ['Name', 'Builtin', 'Comment'],
      names.map((name) => [name, builtin(name), '']),
    );
  }),
};

type GrantWork = { target: GrantTarget; grants: Grant[]; revoke: boolean };

function grantTo(fe: FrontendContext, state: ClusterState, { target, grants, revoke }: GrantWork): Change {
  const next = (held: Grant[]) => {
    const others = held.filter((one) => !grants.some((grant) => isSame(grant, one)));
    return revoke ? others : [...others, ...grants];
  };
  if (target.kind === 'user') {
    const user = requireUser(fe, state, target.user);
    return putUser({ ...user, grants: next(user.grants) });
  }
  const role = requireRole(fe, state, target.role);
  if (builtInRoles.some(({ name }) => name === role.name)) throw analysisError(`role ${role.name} is not mutable`);
  return change('roles', role.name, { ...role, grants: next(role.grants) });
}

function isSame(a: Grant, b: Grant): boolean {
  return a.privilege === b.privilege && JSON.stringify(a.object) === JSON.stringify(b.object);
}

function putUser(user: User): Change {
  return change('users', userKey(user), user);
}

function requireUser(fe: FrontendContext, state: ClusterState, user: UserName): User {
  const found = state.users.get(userKey(user));
  if (!found)
    throw fe.release.atLeast(3, 2)
      ? analysisError(`cannot find user ${userKey(user)}!`)
      : new SqlError(1064, 'HY000', 'cannot find user');
  return found;
}

function requireRole(fe: FrontendContext, state: ClusterState, name: string) {
  const found = state.roles.get(name);
  if (!found) throw executionError(fe.release, `cannot find role ${name}`);
  return found;
}

function grantText({ privilege, object }: Grant, target: string): string {
  return `GRANT ${privilege} ON ${objectText(object)} TO ${target}`;
}

function objectText(object: PrivilegeObject): string {
  switch (object.kind) {
    case 'SYSTEM':
      return 'SYSTEM';
    case 'CATALOG':
      return 'CATALOG default_catalog';
    case 'DATABASE':
      return object.db === '*' ? 'ALL DATABASES' : `DATABASE ${object.db}`;
    case 'TABLE':
      return object.db === '*' ? 'ALL TABLES IN ALL DATABASES' : `TABLE ${object.db}.${object.table}`;
  }
}
