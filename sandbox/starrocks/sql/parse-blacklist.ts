import type { Statement } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** What follows ADD or DELETE. */
export function parseBlacklist(cursor: Cursor, verb: 'ADD' | 'DELETE'): Statement {
  if (cursor.accept('BACKEND')) {
    cursor.expect('BLACKLIST');
    const ids = cursor.list(() => cursor.integer());
    return { kind: 'changeBackendBlacklist', verb, ids };
  }
  cursor.expect('SQLBLACKLIST');
  if (verb === 'ADD') return { kind: 'addSqlBlacklist', pattern: cursor.string() };
  return { kind: 'deleteSqlBlacklist', ids: cursor.list(() => cursor.integer()) };
}

/** What follows SHOW; null when it is another SHOW. */
export function parseShowBlacklist(cursor: Cursor): Statement | null {
  if (cursor.accept('BACKEND', 'BLACKLIST')) return { kind: 'showBackendBlacklist' };
  return cursor.accept('SQLBLACKLIST') ? { kind: 'showSqlBlacklist' } : null;
}
