import type { Statement } from './ast.ts';
import { Cursor } from './cursor.ts';
import {
  parseAlterUser,
  parseCreateUser,
  parseDropUser,
  parseGrant,
  parseSetPassword,
  parseSetRole,
} from './parse-access.ts';
import { parseBackup, parseCancelJob, parseCreateRepository, parseDropSnapshot, parseRestore } from './parse-backup.ts';
import { parseBlacklist } from './parse-blacklist.ts';
import { parseExpression, parseSelect } from './parse-expression.ts';
import { parseControlRoutineLoad, parseCreateRoutineLoad } from './parse-routine-load.ts';
import { parseShow } from './parse-show.ts';
import { parseAlterTable, parseCreateTable, parseInsert, parseNames } from './parse-table.ts';
import { parseAdmin, parseAlterSystem, parseCancelDecommission, parseKill } from './parse-topology.ts';
import { parseCreateCatalog, parseCreateView, parseDropCatalog, parseDropView } from './parse-view.ts';

export type Parsed = { statement: Statement; text: string };
export type Dialect = {
  /** 3.4 and later: BACKUP DATABASE, ALL TABLES and their kin. */ newBackupClauses: boolean /** 4.2 and later. */;
  dropSnapshot?: boolean;
};

/**
 * Parses a whole text of statements with `;` between them. As in the real frontend nothing runs when any part of
 * the text is wrong, so a mistake in the last statement keeps the first one from running.
 */
export function parseScript(text: string, dialect: Dialect): Parsed[] {
  const cursor = new Cursor(text);
  const statements: Parsed[] = [];
  while (true) {
    while (cursor.accept(';'));
    if (cursor.token.kind === 'end') break;
    const start = cursor.token.start;
    const statement = parseStatement(cursor, dialect);
    if (!cursor.sawEnd()) throw cursor.unexpected('<EOF>', ';');
    statements.push({ statement, text: text.slice(start, cursor.token.start).trim() });
  }
  if (statements.length === 0) throw cursor.unexpected('ALTER', 'CREATE', 'SELECT', 'SHOW');
  return statements;
}

function parseStatement(cursor: Cursor, dialect: Dialect): Statement {
  if (cursor.sees('SELECT')) return parseSelect(cursor);
  const word = cursor.expectOne(
    'ADD', 'ADMIN', 'ALTER', 'BACKUP', 'BEGIN', 'CANCEL', 'COMMIT', 'CREATE', 'DELETE', 'DESC', 'DESCRIBE', 'DROP', 'GRANT',
    'INSERT',
    'KILL', 'PAUSE', 'RECOVER', 'RESTORE', 'RESUME', 'REVOKE', 'ROLLBACK', 'SET', 'SHOW', 'START', 'STOP', 'TRUNCATE', 'USE',
  ); // biome-ignore format: a list of words reads best as lines of words
  switch (word) {
    case 'ADD':
    case 'DELETE':
      return parseBlacklist(cursor, word);
    case 'ADMIN':
      return parseAdmin(cursor, dialect.newBackupClauses);
    case 'ALTER':
      return parseAlter(cursor);
    case 'BACKUP':
      return parseBackup(cursor, dialect.newBackupClauses);
    case 'RESTORE':
      return parseRestore(cursor, dialect.newBackupClauses);
    case 'CANCEL':
      return cursor.accept('DECOMMISSION')
        ? parseCancelDecommission(cursor)
        : parseCancelJob(cursor, dialect.newBackupClauses);
    case 'CREATE':
      return parseCreate(cursor);
    case 'DESC':
    case 'DESCRIBE':
      return { kind: 'showColumns', table: cursor.qualifiedName() };
    case 'DROP':
      return dialect.dropSnapshot && cursor.accept('SNAPSHOT') ? parseDropSnapshot(cursor) : parseDrop(cursor);
    case 'GRANT':
      return parseGrant(cursor, false);
    case 'REVOKE':
      return parseGrant(cursor, true);
    case 'INSERT':
      cursor.expect('INTO');
      return parseInsert(cursor);
    case 'KILL':
      return parseKill(cursor);
    case 'PAUSE':
    case 'RESUME':
    case 'STOP':
      return parseControlRoutineLoad(cursor, word);
    case 'RECOVER':
      return parseRecover(cursor);
    case 'SET':
      return parseSet(cursor);
    case 'SHOW':
      return parseShow(cursor);
    case 'TRUNCATE':
      cursor.expect('TABLE');
      return {
        kind: 'truncate',
        table: cursor.qualifiedName(),
        partitions: cursor.acceptOne('PARTITION', 'PARTITIONS') ? parseNames(cursor) : null,
      };
    case 'USE':
      return { kind: 'use', db: cursor.identifier() };
    case 'START':
      cursor.expect('TRANSACTION');
      return { kind: 'transaction' };
    case 'BEGIN':
    case 'COMMIT':
    case 'ROLLBACK':
      return { kind: 'transaction' };
  }
}

function parseAlter(cursor: Cursor): Statement {
  switch (cursor.expectOne('SYSTEM', 'TABLE', 'USER')) {
    case 'SYSTEM':
      return parseAlterSystem(cursor);
    case 'TABLE':
      return parseAlterTable(cursor);
    case 'USER':
      return parseAlterUser(cursor);
  }
}

function parseCreate(cursor: Cursor): Statement {
  if (cursor.accept('READ', 'ONLY')) return parseCreateRepository(cursor, true);
  if (cursor.sees('REPOSITORY')) return parseCreateRepository(cursor, false);
  const other = parseCreateView(cursor) ?? parseCreateCatalog(cursor) ?? parseCreateRoutineLoad(cursor);
  if (other !== null) return other;
  switch (cursor.expectOne('DATABASE', 'SCHEMA', 'TABLE', 'USER', 'ROLE', 'READ', 'REPOSITORY')) {
    case 'TABLE':
      return parseCreateTable(cursor);
    case 'USER':
      return parseCreateUser(cursor);
    case 'ROLE': {
      const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
      return { kind: 'createRole', names: cursor.list(() => cursor.identifierOrString()), ifNotExists };
    }
    default: {
      const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
      return { kind: 'createDatabase', name: cursor.identifier(), ifNotExists };
    }
  }
}

function parseDrop(cursor: Cursor): Statement {
  const other = parseDropView(cursor) ?? parseDropCatalog(cursor);
  if (other !== null) return other;
  const what = cursor.expectOne('DATABASE', 'SCHEMA', 'TABLE', 'USER', 'ROLE', 'REPOSITORY');
  if (what === 'REPOSITORY') return { kind: 'dropRepository', name: cursor.identifier() };
  if (what === 'USER') return parseDropUser(cursor);
  const ifExists = cursor.accept('IF', 'EXISTS');
  if (what === 'ROLE') return { kind: 'dropRole', names: cursor.list(() => cursor.identifierOrString()), ifExists };
  const table = what === 'TABLE' ? cursor.qualifiedName() : null;
  const name = table === null ? cursor.identifier() : '';
  const force = cursor.accept('FORCE');
  return table === null
    ? { kind: 'dropDatabase', name, ifExists, force }
    : { kind: 'dropTable', table, ifExists, force };
}

function parseRecover(cursor: Cursor): Statement {
  switch (cursor.expectOne('DATABASE', 'SCHEMA', 'TABLE', 'PARTITION')) {
    case 'TABLE':
      return { kind: 'recoverTable', table: cursor.qualifiedName() };
    case 'PARTITION': {
      const partition = cursor.identifier();
      cursor.expect('FROM');
      return { kind: 'recoverPartition', partition, table: cursor.qualifiedName() };
    }
    default:
      return { kind: 'recoverDatabase', name: cursor.identifier() };
  }
}

function parseSet(cursor: Cursor): Statement {
  if (cursor.accept('PASSWORD')) return parseSetPassword(cursor);
  if (cursor.accept('ROLE')) return parseSetRole(cursor);
  if (cursor.accept('PROPERTY')) return parseSetProperty(cursor);
  if (cursor.accept('NAMES') || cursor.accept('CHARACTER', 'SET') || cursor.accept('CHARSET')) {
    cursor.identifierOrString();
    if (cursor.accept('COLLATE')) cursor.identifierOrString();
    return { kind: 'setNames' };
  }
  const assignments = cursor.list(() => {
    const word = cursor.acceptOne('GLOBAL', 'SESSION', 'LOCAL');
    const scope = word === 'GLOBAL' ? ('GLOBAL' as const) : ('SESSION' as const);
    return parseAssignment(cursor, scope);
  });
  return { kind: 'setVariables', assignments };
}

function parseSetProperty(cursor: Cursor): Statement {
  const user = cursor.accept('FOR') ? cursor.string() : null;
  const pairs = cursor.list(() => {
    const key = cursor.string();
    cursor.expect('=');
    return [key, cursor.string()] as const;
  });
  return { kind: 'setProperty', user, properties: Object.fromEntries(pairs) };
}

function parseAssignment(cursor: Cursor, scope: 'GLOBAL' | 'SESSION') {
  const raw = cursor.token.kind === 'variable' ? cursor.next().value.replace(/^@@/, '') : cursor.identifier();
  const [, prefix, bare] = /^(?:(global|session|local)\.)?(.+)$/i.exec(raw) ?? [];
  cursor.expectOne('=', ':=');
  const name = (bare ?? raw).toLowerCase();
  const value = cursor.accept('DEFAULT') ? ({ kind: 'literal', value: null } as const) : parseWordOrExpression(cursor);
  return { scope: prefix?.toLowerCase() === 'global' ? ('GLOBAL' as const) : scope, name, value };
}

/** SET accepts bare words as texts: `SET sql_mode = ANSI`, `SET autocommit = ON`. */
function parseWordOrExpression(cursor: Cursor) {
  if (cursor.accept('ON')) return { kind: 'literal', value: 'ON' } as const;
  const { kind } = cursor.token;
  const bare = kind === 'word' && [',', ';', ''].includes(cursor.ahead(1).upper) && cursor.ahead(1).kind !== 'string';
  if (bare && !['TRUE', 'FALSE', 'NULL'].includes(cursor.token.upper)) {
    return { kind: 'literal', value: cursor.next().value } as const;
  }
  return parseExpression(cursor);
}
