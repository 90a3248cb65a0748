import type { GrantTarget, PrivilegeObject, Statement, UserName } from './ast.ts';
import type { Cursor } from './cursor.ts';

export function parseUserName(cursor: Cursor): UserName {
  const name = cursor.identifierOrString();
  if (cursor.token.kind === 'variable') return { name, host: cursor.next().value.slice(1) };
  if (!cursor.accept('@')) return { name, host: '%' };
  return { name, host: cursor.identifierOrString() };
}

export function parseCreateUser(cursor: Cursor): Statement {
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const user = parseUserName(cursor);
  const password = identifiedBy(cursor) ?? '';
  const defaultRoles = cursor.accept('DEFAULT', 'ROLE') ? roleList(cursor) : [];
  return { kind: 'createUser', user, password, ifNotExists, defaultRoles };
}

export function parseAlterUser(cursor: Cursor): Statement {
  const user = parseUserName(cursor);
  const password = identifiedBy(cursor);
  if (password !== null) return { kind: 'alterUser', user, password, defaultRoles: null };
  cursor.expect('DEFAULT', 'ROLE');
  return { kind: 'alterUser', user, password, defaultRoles: defaultRoles(cursor) };
}

function defaultRoles(cursor: Cursor): string[] | 'ALL' {
  if (cursor.accept('ALL')) return 'ALL';
  return cursor.accept('NONE') ? [] : roleList(cursor);
}

function identifiedBy(cursor: Cursor): string | null {
  if (!cursor.accept('IDENTIFIED')) return null;
  if (cursor.accept('WITH')) {
    cursor.identifierOrString();
    return cursor.acceptOne('BY', 'AS') ? cursor.string() : '';
  }
  cursor.expect('BY');
  return cursor.string();
}

function roleList(cursor: Cursor): string[] {
  return cursor.list(() => cursor.identifierOrString());
}

export function parseDropUser(cursor: Cursor): Statement {
  const ifExists = cursor.accept('IF', 'EXISTS');
  return { kind: 'dropUser', user: parseUserName(cursor), ifExists };
}

/** `SET PASSWORD [FOR user] = PASSWORD('text')`, the part after PASSWORD. */
export function parseSetPassword(cursor: Cursor): Statement {
  const user = cursor.accept('FOR') ? parseUserName(cursor) : null;
  cursor.expect('=');
  if (cursor.token.kind === 'string') return { kind: 'setPassword', user, password: cursor.string() };
  cursor.expect('PASSWORD', '(');
  const password = cursor.string();
  cursor.expect(')');
  return { kind: 'setPassword', user, password };
}

export function parseSetRole(cursor: Cursor): Statement {
  const word = cursor.acceptOne('ALL', 'DEFAULT', 'NONE');
  return { kind: 'setRole', roles: word ?? roleList(cursor) };
}

/** What follows GRANT or REVOKE: a list of roles, or privileges ON something. */
export function parseGrant(cursor: Cursor, revoke: boolean): Statement {
  const words = cursor.list(() => grantWords(cursor));
  if (!cursor.accept('ON')) {
    return { kind: 'grantRoles', revoke, roles: words, target: grantTarget(cursor, revoke) };
  }
  const object = grantObject(cursor);
  const privileges = words.map((word) => word.toUpperCase());
  const target = grantTarget(cursor, revoke);
  cursor.accept('WITH', 'GRANT', 'OPTION');
  return { kind: 'grantPrivileges', revoke, privileges, object, target };
}

/** A privilege can be several words (CREATE RESOURCE GROUP), and some of them are reserved. */
function grantWords(cursor: Cursor): string {
  if (cursor.token.kind === 'string' || cursor.token.kind === 'quoted') return cursor.next().value;
  const words: string[] = [];
  while (cursor.token.kind === 'word' && !cursor.sees('ON') && !cursor.sees('TO') && !cursor.sees('FROM')) {
    words.push(cursor.next().value);
  }
  if (words.length === 0) throw cursor.unexpected('IDENTIFIER');
  return words.join(' ');
}

function grantObject(cursor: Cursor): PrivilegeObject {
  if (cursor.accept('SYSTEM')) return { kind: 'SYSTEM' };
  if (cursor.accept('CATALOG')) {
    cursor.identifier();
    return { kind: 'CATALOG' };
  }
  if (cursor.accept('ALL', 'CATALOGS')) return { kind: 'CATALOG' };
  if (cursor.accept('ALL', 'DATABASES')) return { kind: 'DATABASE', db: '*' };
  if (cursor.accept('DATABASE')) return { kind: 'DATABASE', db: cursor.identifier() };
  if (cursor.accept('ALL', 'TABLES')) {
    cursor.expect('IN');
    if (cursor.accept('ALL', 'DATABASES')) return { kind: 'TABLE', db: '*', table: '*' };
    cursor.expect('DATABASE');
    return { kind: 'TABLE', db: cursor.identifier(), table: '*' };
  }
  cursor.accept('TABLE');
  const db = cursor.accept('*') ? '*' : cursor.identifier();
  cursor.expect('.');
  return { kind: 'TABLE', db, table: cursor.accept('*') ? '*' : cursor.identifier() };
}

function grantTarget(cursor: Cursor, revoke: boolean): GrantTarget {
  cursor.expect(revoke ? 'FROM' : 'TO');
  if (cursor.accept('ROLE')) return { kind: 'role', role: cursor.identifierOrString() };
  cursor.accept('USER');
  return { kind: 'user', user: parseUserName(cursor) };
}
