import type { Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { parseSelect } from './parse-expression.ts';
import { parseComment, parseDistribution } from './parse-table.ts';

/** CREATE [MATERIALIZED] VIEW after its first word; null when it is about something else. */
export function parseCreateView(cursor: Cursor): Statement | null {
  const materialized = cursor.accept('MATERIALIZED', 'VIEW');
  if (!materialized && !cursor.accept('VIEW')) return null;
  const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS');
  const view = cursor.qualifiedName();
  parseComment(cursor);
  if (!materialized) return { kind: 'createView', view, ifNotExists, ...parseDefinition(cursor) };
  const distribution = parseDistribution(cursor);
  if (cursor.accept('REFRESH')) {
    cursor.acceptOne('IMMEDIATE', 'DEFERRED');
    cursor.expectOne('MANUAL', 'ASYNC');
  }
  const properties = cursor.optionalProperties();
  return { kind: 'createMaterializedView', view, ifNotExists, distribution, properties, ...parseDefinition(cursor) };
}

function parseDefinition(cursor: Cursor) {
  cursor.expect('AS');
  const { start } = cursor.token;
  const select = parseSelect(cursor);
  return { select, definition: cursor.text.slice(start, cursor.token.start).trim() };
}

/** DROP [MATERIALIZED] VIEW after its first word; null when it is about something else. */
export function parseDropView(cursor: Cursor): Statement | null {
  const materialized = cursor.accept('MATERIALIZED', 'VIEW');
  if (!materialized && !cursor.accept('VIEW')) return null;
  const ifExists = cursor.accept('IF', 'EXISTS');
  return { kind: 'dropView', view: cursor.qualifiedName(), materialized, ifExists };
}

/** CREATE EXTERNAL CATALOG after its first word; null when it is about something else. */
export function parseCreateCatalog(cursor: Cursor): Statement | null {
  if (!cursor.accept('EXTERNAL', 'CATALOG')) return null;
  const name = cursor.identifier();
  const comment = parseComment(cursor);
  cursor.expect('PROPERTIES');
  return { kind: 'createCatalog', name, comment, properties: cursor.properties() };
}

export function parseDropCatalog(cursor: Cursor): Statement | null {
  return cursor.accept('CATALOG') ? { kind: 'dropCatalog', name: cursor.identifier() } : null;
}
