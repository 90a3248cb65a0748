import type { AdminStatement, DiskCommand, FrontendRole, Statement, TopologyStatement, WorkerKind } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { SqlError } from './errors.ts';
import type { Token } from './lexer.ts';
import { parseAutomatedSnapshot } from './parse-cluster-snapshot.ts';

/** What follows ALTER SYSTEM. */
export function parseAlterSystem(cursor: Cursor): TopologyStatement {
  switch (cursor.expectOne('ADD', 'DROP', 'DECOMMISSION', 'MODIFY', 'CREATE', 'CLEAN', 'CANCEL', 'DISABLE')) {
    case 'ADD':
      return parseAdd(cursor);
    case 'DROP':
      return parseDrop(cursor);
    case 'DECOMMISSION':
      if (cursor.sees('DISK')) return parseDisks(cursor, 'DECOMMISSION');
      cursor.expect('BACKEND');
      return { kind: 'decommission', addresses: addresses(cursor) };
    case 'MODIFY':
      return parseModify(cursor);
    case 'CREATE':
      cursor.expect('IMAGE');
      return { kind: 'createImage' };
    case 'CLEAN':
      cursor.expect('TABLET', 'SCHEDULER', 'QUEUE');
      return { kind: 'cleanScheduler' };
    case 'CANCEL':
      return parseDisks(
        cursor,
        cursor.expectOne('DECOMMISSION', 'DISABLE') === 'DISABLE' ? 'CANCEL DISABLE' : 'CANCEL DECOMMISSION',
      );
    case 'DISABLE':
      return parseDisks(cursor, 'DISABLE');
  }
}

export function parseCancelDecommission(cursor: Cursor): TopologyStatement {
  cursor.expect('BACKEND');
  return { kind: 'cancelDecommission', addresses: addresses(cursor) };
}

function parseAdd(cursor: Cursor): TopologyStatement {
  if (cursor.accept('BROKER'))
    return { kind: 'addBrokers', name: cursor.identifierOrString(), addresses: addresses(cursor) };
  const role = frontendRole(cursor);
  if (role) return { kind: 'addFrontend', role, address: cursor.string() };
  const worker = workerKind(cursor, 'FOLLOWER', 'OBSERVER', 'BROKER');
  return { kind: 'addWorkers', worker, addresses: addresses(cursor), warehouse: warehouse(cursor, 'INTO') };
}

function parseDrop(cursor: Cursor): TopologyStatement {
  if (cursor.accept('ALL', 'BROKER'))
    return { kind: 'dropBrokers', name: cursor.identifierOrString(), addresses: 'all' };
  if (cursor.accept('BROKER'))
    return { kind: 'dropBrokers', name: cursor.identifierOrString(), addresses: addresses(cursor) };
  const role = frontendRole(cursor);
  if (role) return { kind: 'dropFrontend', role, address: cursor.string() };
  const worker = workerKind(cursor, 'FOLLOWER', 'OBSERVER', 'BROKER', 'ALL');
  const list = addresses(cursor);
  const from = warehouse(cursor, 'FROM');
  const force = worker === 'BACKEND' && cursor.accept('FORCE');
  return { kind: 'dropWorkers', worker, addresses: list, warehouse: from, force };
}

function parseModify(cursor: Cursor): TopologyStatement {
  const target = cursor.expectOne('FRONTEND', 'BACKEND');
  if (target === 'BACKEND' && !cursor.sees('HOST')) {
    const address = cursor.string();
    cursor.expect('SET');
    return { kind: 'labelBackend', address, properties: cursor.properties() };
  }
  cursor.expect('HOST');
  const from = cursor.string();
  cursor.expect('TO');
  const to = cursor.string();
  return target === 'FRONTEND' ? { kind: 'moveFrontend', from, to } : { kind: 'moveBackend', from, to };
}

function parseDisks(cursor: Cursor, state: DiskCommand): TopologyStatement {
  cursor.expect('DISK');
  const paths = addresses(cursor);
  cursor.expect('ON', 'BACKEND');
  return { kind: 'changeDisks', state, paths, address: cursor.string() };
}

function frontendRole(cursor: Cursor): FrontendRole | null {
  return cursor.acceptOne('FOLLOWER', 'OBSERVER');
}

function workerKind(cursor: Cursor, ...others: string[]): WorkerKind {
  if (cursor.accept('BACKEND')) return 'BACKEND';
  if (!cursor.sees('COMPUTE', 'NODE')) throw cursor.unexpected('BACKEND', 'COMPUTE', ...others);
  cursor.expect('COMPUTE', 'NODE');
  return 'COMPUTE NODE';
}

function warehouse(cursor: Cursor, word: 'INTO' | 'FROM'): string | null {
  return cursor.accept(word, 'WAREHOUSE') ? cursor.identifierOrString() : null;
}

function addresses(cursor: Cursor): string[] {
  return cursor.list(() => cursor.string());
}

/** What follows ADMIN; `snapshots`: 3.4 and later, which have automated cluster snapshots. */
export function parseAdmin(cursor: Cursor, snapshots: boolean): AdminStatement {
  const start = cursor.ahead(-1);
  switch (cursor.expectOne('SHOW', 'SET', 'REPAIR', 'CANCEL', 'CHECK')) {
    case 'SHOW':
      return parseAdminShow(cursor, start);
    case 'SET':
      return snapshots && cursor.accept('AUTOMATED') ? parseAutomatedSnapshot(cursor) : parseAdminSet(cursor);
    case 'CANCEL':
      cursor.expect('REPAIR');
      return parseRepair(cursor, true);
    case 'REPAIR':
      return parseRepair(cursor, false);
    case 'CHECK': {
      cursor.expect('TABLET');
      const ids = cursor.parenthesized(() => cursor.integer());
      cursor.expect('PROPERTIES');
      return { kind: 'checkTablets', ids, properties: cursor.locatedProperties() };
    }
  }
}

function parseAdminShow(cursor: Cursor, start: Token): AdminStatement {
  if (cursor.accept('FRONTEND')) {
    cursor.expect('CONFIG');
    return { kind: 'showConfig', pattern: cursor.accept('LIKE') ? cursor.string() : null };
  }
  cursor.expect('REPLICA');
  const what = cursor.expectOne('STATUS', 'DISTRIBUTION');
  cursor.expect('FROM');
  const table = cursor.qualifiedName();
  const partitions = optionalPartitions(cursor);
  const span = { from: start, to: cursor.ahead(-1) };
  if (what === 'DISTRIBUTION') return { kind: 'showReplicaDistribution', table, partitions, span };
  if (!cursor.accept('WHERE')) return { kind: 'showReplicaStatus', table, partitions, where: null, span };
  const from = cursor.token;
  cursor.expect('STATUS');
  const equal = cursor.expectOne('=', '!=', '<>') === '=';
  const where = { equal, span: { from, to: cursor.token }, status: cursor.string() };
  return { kind: 'showReplicaStatus', table, partitions, where, span };
}

function parseAdminSet(cursor: Cursor): AdminStatement {
  if (cursor.accept('REPLICA')) {
    cursor.expect('STATUS', 'PROPERTIES');
    return { kind: 'setReplicaStatus', properties: cursor.locatedProperties() };
  }
  cursor.expect('FRONTEND', 'CONFIG');
  const properties = cursor.properties();
  return { kind: 'setConfig', properties, persistent: cursor.accept('WITH', 'PERSISTENT') };
}

function parseRepair(cursor: Cursor, cancel: boolean): AdminStatement {
  cursor.expect('TABLE');
  const table = cursor.qualifiedName();
  return { kind: 'repairTable', table, partitions: optionalPartitions(cursor), cancel };
}

function optionalPartitions(cursor: Cursor): string[] | null {
  if (!cursor.acceptOne('PARTITION', 'PARTITIONS')) return null;
  return cursor.parenthesized(() => cursor.identifierOrString());
}

/** `KILL [CONNECTION | QUERY] id`; after QUERY the id may stand in quotes and names a query. */
export function parseKill(cursor: Cursor): Statement {
  const named = cursor.acceptOne('CONNECTION', 'QUERY');
  const target = named ?? 'CONNECTION';
  if (cursor.token.kind === 'string') return { kind: 'kill', target: 'QUERY', id: queryId(cursor.string(), named) };
  return { kind: 'kill', target, id: cursor.integer() };
}

function queryId(id: string, named: 'CONNECTION' | 'QUERY' | null): string {
  if (named === 'QUERY') return id;
  throw new SqlError(
    1064,
    'HY000',
    `Getting syntax error. Detail message: connection id ${id} should be a positive integer.`,
  );
}
