import type { BackupObject, Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';

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
 * What follows BACKUP. The clauses with DATABASE and TABLE belong to 3.4 and later; before, they are syntax errors.
 */
export function parseBackup(cursor: Cursor, newer: boolean): Statement {
  const named = newer && cursor.accept('DATABASE') ? cursor.identifier() : null;
  cursor.expect('SNAPSHOT');
  const { db, name } = named === null ? cursor.qualifiedName() : { db: named, name: cursor.identifier() };
  cursor.expect('TO');
  const repository = cursor.identifier();
  const objects = cursor.accept('ON') ? parseObjects(cursor, { newer, aliases: false }) : null;
  return { kind: 'backup', db, snapshot: name, repository, objects, properties: cursor.optionalProperties() };
}

/** What follows RESTORE. */
export function parseRestore(cursor: Cursor, newer: boolean): Statement {
  cursor.expect('SNAPSHOT');
  const { db, name } = cursor.qualifiedName();
  cursor.expect('FROM');
  const repository = cursor.identifier();
  const sourceDb = newer && db === null && cursor.accept('DATABASE') ? cursor.identifier() : null;
  const alias = sourceDb !== null && cursor.accept('AS') ? cursor.identifier() : null;
  const objects = cursor.accept('ON') ? parseObjects(cursor, { newer, aliases: true }) : null;
  const properties = cursor.optionalProperties();
  return { kind: 'restore', db: alias ?? sourceDb ?? db, sourceDb, snapshot: name, repository, objects, properties };
}

function parseObjects(cursor: Cursor, { newer, aliases }: { newer: boolean; aliases: boolean }): BackupObject[] | null {
  cursor.expect('(');
  if (newer && cursor.accept('ALL', 'TABLES')) {
    cursor.expect(')');
    return null;
  }
  const objects = cursor.list(() => {
    if (newer) cursor.acceptOne('TABLE', 'TABLES');
    const table = cursor.identifier();
    const partitions = cursor.accept('PARTITION') ? cursor.parenthesized(() => cursor.identifier()) : null;
    const alias = aliases && cursor.accept('AS') ? cursor.identifier() : null;
    return { table, partitions, alias };
  });
  cursor.expect(')');
  return objects;
}

export function parseCancelJob(cursor: Cursor): Statement {
  const job = cursor.expectOne('BACKUP', 'RESTORE');
  return { kind: 'cancelJob', job, db: cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null };
}

export function parseShowJob(cursor: Cursor): Statement {
  const job = cursor.expectOne('BACKUP', 'RESTORE');
  return { kind: 'showJob', job, db: cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null };
}

export function parseShowSnapshot(cursor: Cursor): Statement {
  cursor.expect('ON');
  const repository = cursor.identifier();
  if (!cursor.accept('WHERE')) return { kind: 'showSnapshot', repository, snapshot: null, timestamp: null };
  const filter = new Map<string, string>();
  do {
    const key = cursor.expectOne('SNAPSHOT', 'TIMESTAMP');
    cursor.expect('=');
    filter.set(key, cursor.string());
  } while (cursor.accept('AND'));
  return {
    kind: 'showSnapshot',
    repository,
    snapshot: filter.get('SNAPSHOT') ?? null,
    timestamp: filter.get('TIMESTAMP') ?? null,
  };
}
