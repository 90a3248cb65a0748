import type { Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseUserName } from './parse-access.ts';
import { parseShowJob, parseShowSnapshot } from './parse-backup.ts';
import { parseShowBlacklist } from './parse-blacklist.ts';
import { parseExpression } from './parse-expression.ts';
import { parseEquals, parseOrder, parseShowRoutineLoad } from './parse-routine-load.ts';

/** What follows SHOW. */
export function parseShow(cursor: Cursor): Statement {
  const plain = parsePlain(cursor);
  if (plain) return plain;
  const routine = parseShowRoutineLoad(cursor);
  if (routine) return routine;
  const blacklist = parseShowBlacklist(cursor);
  if (blacklist) return blacklist;
  if (cursor.accept('PROC')) return { kind: 'showProc', path: cursor.string() };
  if (cursor.accept('WAREHOUSES')) return { kind: 'showWarehouses', pattern: like(cursor) };
  if (cursor.sees('FULL', 'PROCESSLIST') || cursor.sees('PROCESSLIST')) return parseProcessList(cursor);
  if (cursor.acceptOne('DATABASES', 'SCHEMAS')) return { kind: 'showDatabases', pattern: like(cursor) };
  if (cursor.sees('FULL', 'TABLES') || cursor.sees('TABLES')) {
    const full = cursor.accept('FULL');
    cursor.expect('TABLES');
    const db = cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null;
    return { kind: 'showTables', db, pattern: like(cursor), full };
  }
  if (cursor.accept('FULL', 'COLUMNS') || cursor.accept('COLUMNS')) {
    cursor.expectOne('FROM', 'IN');
    return { kind: 'showColumns', table: cursor.qualifiedName() };
  }
  if (cursor.accept('CREATE', 'TABLE')) return { kind: 'showCreateTable', table: cursor.qualifiedName() };
  if (cursor.accept('PARTITIONS')) {
    cursor.expect('FROM');
    return { kind: 'showPartitions', table: cursor.qualifiedName() };
  }
  if (cursor.acceptOne('TABLET', 'TABLETS')) {
    return { kind: 'showTablet', target: cursor.accept('FROM') ? cursor.qualifiedName() : cursor.integer() };
  }
  const variables = parseVariables(cursor);
  if (variables) return variables;
  const work = parseWork(cursor);
  if (work) return work;
  if (cursor.accept('GRANTS')) return parseGrants(cursor);
  if (cursor.sees('BACKUP') || cursor.sees('RESTORE')) return parseShowJob(cursor);
  if (cursor.accept('SNAPSHOT')) return parseShowSnapshot(cursor);
  throw cursor.unexpected('BACKENDS', 'BACKUP', 'DATABASES', 'FRONTENDS', 'PROC', 'TABLES');
}

function parseVariables(cursor: Cursor): Statement | null {
  const scope = ['GLOBAL', 'SESSION', 'LOCAL', 'VERBOSE'].find((word) => cursor.sees(word, 'VARIABLES'));
  if (scope === undefined && !cursor.sees('VARIABLES')) return null;
  if (scope !== undefined) cursor.expect(scope);
  cursor.expect('VARIABLES');
  const pattern = like(cursor);
  const where = pattern === null && cursor.accept('WHERE') ? parseExpression(cursor) : null;
  return { kind: 'showVariables', global: scope === 'GLOBAL', verbose: scope === 'VERBOSE', pattern, where };
}

/** Loads, changes of tables, sizes and groups: asked for by people, and answered here as by a cluster that has none. */
function parseWork(cursor: Cursor): Statement | null {
  if (cursor.accept('LOAD', 'ALL'))
    return { kind: 'showLoad', db: null, everywhere: true, where: loadWhere(cursor), order: parseOrder(cursor) };
  if (cursor.accept('LOAD')) {
    return {
      kind: 'showLoad',
      db: from(cursor),
      everywhere: false,
      where: loadWhere(cursor),
      order: parseOrder(cursor),
    };
  }
  if (cursor.accept('PROPERTY')) return { kind: 'showProperty', user: cursor.accept('FOR') ? cursor.string() : null };
  if (cursor.accept('DATA')) return { kind: 'showData', table: cursor.accept('FROM') ? cursor.qualifiedName() : null };
  if (cursor.accept('ALTER', 'TABLE')) {
    const what = cursor.expectOne('COLUMN', 'ROLLUP', 'OPTIMIZE');
    return { kind: 'showAlterTable', what, db: from(cursor) };
  }
  if (cursor.accept('ALL', 'AUTHENTICATION')) return { kind: 'showAuthentication', user: null, everybody: true };
  if (cursor.accept('AUTHENTICATION')) {
    const user = cursor.accept('FOR') ? parseUserName(cursor) : null;
    return { kind: 'showAuthentication', user, everybody: false };
  }
  if (cursor.accept('STORAGE', 'VOLUMES')) {
    like(cursor);
    return { kind: 'showStorageVolumes' };
  }
  if (cursor.accept('RESOURCE', 'GROUPS')) return { kind: 'showResourceGroups', all: cursor.accept('ALL') };
  return null;
}

function loadWhere(cursor: Cursor) {
  return parseEquals(cursor, ['STATE', 'LABEL']);
}

function from(cursor: Cursor): string | null {
  return cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null;
}

function parsePlain(cursor: Cursor): Statement | null {
  if (cursor.accept('FRONTENDS')) return { kind: 'showFrontends' };
  if (cursor.accept('BACKENDS')) return { kind: 'showBackends' };
  if (cursor.accept('COMPUTE', 'NODES')) return { kind: 'showComputeNodes' };
  if (cursor.accept('BROKER')) return { kind: 'showBroker' };
  if (cursor.accept('REPOSITORIES')) return { kind: 'showRepositories' };
  if (cursor.accept('USERS')) return { kind: 'showUsers' };
  if (cursor.accept('ROLES')) return { kind: 'showRoles' };
  if (cursor.acceptOne('WARNINGS', 'ERRORS')) return { kind: 'showWarnings' };
  if (cursor.accept('CATALOGS')) return { kind: 'showCatalogs' };
  return null;
}

function parseProcessList(cursor: Cursor): Statement {
  const full = cursor.accept('FULL');
  cursor.expect('PROCESSLIST');
  return { kind: 'showProcessList', full, user: cursor.accept('FOR') ? cursor.string() : null };
}

function parseGrants(cursor: Cursor): Statement {
  if (!cursor.accept('FOR')) return { kind: 'showGrants', user: null, role: null };
  if (cursor.accept('ROLE')) return { kind: 'showGrants', user: null, role: cursor.identifierOrString() };
  return { kind: 'showGrants', user: parseUserName(cursor), role: null };
}

function like(cursor: Cursor): string | null {
  return cursor.accept('LIKE') ? cursor.string() : null;
}
