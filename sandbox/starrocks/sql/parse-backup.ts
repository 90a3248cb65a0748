import type { BackupObject, BackupSelection, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { SqlError } from './errors.ts';

/** What follows CREATE [READ ONLY]. */
export function parseCreateRepository(cursor: Cursor, readOnly: boolean): Statement {
  cursor.expect('REPOSITORY');
  const name = cursor.identifier();
  cursor.expect('WITH', 'BROKER');
  const broker = cursor.sees('ON') ? '' : cursor.identifierOrString();
  cursor.expect('ON', 'LOCATION');
  const location = cursor.string();
  return { kind: 'createRepository', name, readOnly, broker, location, properties: cursor.optionalProperties() };
}

/**
 * What follows BACKUP. The clauses with DATABASE and TABLE, and catalogs, belong to 3.4 and later; before, they are syntax errors.
 */
export function parseBackup(cursor: Cursor, newer: boolean): Statement {
  const catalogs = newer ? parseCatalogs(cursor) : undefined;
  if (catalogs !== undefined) {
    cursor.expect('SNAPSHOT');
    const snapshot = cursor.identifier();
    cursor.expect('TO');
    const repository = cursor.identifier();
    return { kind: 'backupCatalogs', catalogs, snapshot, repository, properties: cursor.optionalProperties() };
  }
  const named = newer && cursor.accept('DATABASE') ? cursor.identifier() : null;
  cursor.expect('SNAPSHOT');
  const { db, name } = cursor.qualifiedName();
  if (named !== null && db !== null)
    throw forbidden(
      'Specifying dbName before snapshot name is forbidden if the DbName is specified explicitly in BACKUP/RESTORE',
    );
  cursor.expect('TO');
  const repository = cursor.identifier();
  const objects = cursor.accept('ON') ? parseObjects(cursor, newer) : null;
  if (objects?.named.some(({ alias }) => alias !== null))
    throw forbidden('Specifying alias for backup object is forbidden in BACKUP stmt');
  const properties = cursor.optionalProperties();
  return { kind: 'backup', db: named ?? db, snapshot: name, repository, objects, properties };
}

/** `ALL EXTERNAL CATALOGS` is null, a list its names; undefined when it is about something else. */
function parseCatalogs(cursor: Cursor): string[] | null | undefined {
  if (cursor.accept('ALL', 'EXTERNAL', 'CATALOGS')) return null;
  if (!cursor.accept('EXTERNAL')) return undefined;
  cursor.expectOne('CATALOG', 'CATALOGS');
  return cursor.parenthesized(() => cursor.identifier());
}

/** What the parser of the real thing refuses without saying where. */
function forbidden(message: string): SqlError {
  return new SqlError(1064, 'HY000', `Getting syntax error. Detail message: ${message}.`);
}

/** What follows RESTORE. */
export function parseRestore(cursor: Cursor, newer: boolean): Statement {
  cursor.expect('SNAPSHOT');
  const { db, name } = cursor.qualifiedName();
  cursor.expect('FROM');
  const repository = cursor.identifier();
  const sourceDb = newer && db === null && cursor.accept('DATABASE') ? cursor.identifier() : null;
  const alias = sourceDb !== null && cursor.accept('AS') ? cursor.identifier() : null;
  const objects = cursor.accept('ON') ? parseObjects(cursor, newer) : null;
  const properties = cursor.optionalProperties();
  return { kind: 'restore', db: alias ?? sourceDb ?? db, sourceDb, snapshot: name, repository, objects, properties };
}

function parseObjects(cursor: Cursor, newer: boolean): BackupSelection {
  const selection: BackupSelection = { named: [], all: [], functions: [] };
  cursor.expect('(');
  do parseObject(cursor, newer, selection);
  while (cursor.accept(','));
  cursor.expect(')');
  return selection;
}

function parseObject(cursor: Cursor, newer: boolean, selection: BackupSelection): void {
  if (!newer) return void selection.named.push(parseTable(cursor));
  if (cursor.accept('ALL')) {
    if (cursor.accept('MATERIALIZED')) {
      cursor.expect('VIEWS');
      return void selection.all.push('MATERIALIZED VIEWS');
    }
    return void selection.all.push(cursor.expectOne('TABLES', 'VIEWS', 'FUNCTIONS'));
  }
  if (cursor.acceptOne('FUNCTION', 'FUNCTIONS')) return void selection.functions.push(cursor.identifier());
  const isMaterialized = cursor.sees('MATERIALIZED', 'VIEW') || cursor.sees('MATERIALIZED', 'VIEWS');
  if (isMaterialized) cursor.expect('MATERIALIZED');
  const kind = cursor.ahead(1).kind === 'symbol' ? null : cursor.acceptOne('TABLE', 'TABLES', 'VIEW', 'VIEWS');
  if (isMaterialized && kind === null) throw cursor.unexpected('VIEW', 'VIEWS');
  selection.named.push(parseTable(cursor));
}

function parseTable(cursor: Cursor): BackupObject {
  const at = cursor.token;
  const table = cursor.identifier();
  const from = cursor.token;
  const partitions = cursor.accept('PARTITION') ? cursor.parenthesized(() => cursor.identifier()) : null;
  const to = partitions === null ? from : cursor.ahead(-1);
  const alias = cursor.accept('AS') ? cursor.identifier() : null;
  return { table, partitions, alias, at, partitionsAt: { from, to } };
}

/** What follows CANCEL, and FOR EXTERNAL CATALOG where the version has it. */
export function parseCancelJob(cursor: Cursor, newer: boolean): Statement {
  const job = cursor.expectOne('BACKUP', 'RESTORE');
  if (newer && cursor.accept('FOR', 'EXTERNAL', 'CATALOG'))
    return { kind: 'cancelJob', job, db: null, ofCatalogs: true };
  const db = cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null;
  return { kind: 'cancelJob', job, db, ofCatalogs: false };
}

/** What follows DROP SNAPSHOT. */
export function parseDropSnapshot(cursor: Cursor): Statement {
  const snapshot = cursor.identifier();
  cursor.expect('ON');
  return { kind: 'dropSnapshot', snapshot, repository: cursor.identifier(), force: cursor.accept('FORCE') };
}

export function parseShowJob(cursor: Cursor): Statement {
  const job = cursor.expectOne('BACKUP', 'RESTORE');
  return { kind: 'showJob', job, db: cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null };
}

export function parseShowSnapshot(cursor: Cursor): Statement {
  cursor.expect('ON');
  const repository = cursor.identifier();
  const shown = { kind: 'showSnapshot' as const, repository, snapshot: null, like: null, timestamp: null };
  if (!cursor.accept('WHERE')) return shown;
  if (cursor.accept('SNAPSHOT', 'LIKE')) return { ...shown, like: cursor.string() };
  const filter = new Map<string, string>();
  do {
    const key = cursor.expectOne('SNAPSHOT', 'TIMESTAMP');
    cursor.expect('=');
    filter.set(key, cursor.string());
  } while (cursor.accept('AND'));
  return { ...shown, snapshot: filter.get('SNAPSHOT') ?? null, timestamp: filter.get('TIMESTAMP') ?? null };
}
