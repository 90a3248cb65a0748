import { type Cell, type ColumnType, done, type RowSet } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import { callNode, javaText } from '../../rpc.ts';
import { SqlError } from '../../sql/errors.ts';
import { hasPrivilege, requirePrivilege } from '../access.ts';
import type { FrontendCalls, FrontendContext, ProcessRow } from '../context.ts';
import { type Handlers, locally } from '../handlers.ts';
import type { Session } from '../session.ts';

export const processHandlers: Handlers<'showProcessList' | 'kill'> = {
  /** From 3.5 on the sessions of all frontends, before only those of the one that was asked. */
  showProcessList: locally(async ({ statement, session, fe }) => {
    const everywhere = fe.release.atLeast(3, 5) ? await othersProcesses(fe, statement.full) : [];
    const all = [...processRows(fe, { full: statement.full }), ...everywhere];
    const seesAll = hasPrivilege(fe.group.state, session, { privileges: ['OPERATE'] });
    const wanted = all.filter(
      ({ user }) => (seesAll || user === session.user) && (statement.user === null || user === statement.user),
    );
    return processTable(
      fe,
      wanted.map(({ cells }) => cells),
    );
  }),

  kill: locally(async ({ statement, session, fe }) => {
    if (typeof statement.id === 'string') return killByQueryId(fe, session, statement.id);
    const target = fe.connections.find(statement.id);
    if (!target) throw new SqlError(1094, 'HY000', `Unknown thread id: ${statement.id}`);
    if (target.user !== session.user) requirePrivilege(fe, session, { privileges: ['OPERATE'] });
    target.running?.abort.abort();
    if (statement.target === 'CONNECTION') fe.connections.close(target.connectionId);
    return done();
  }),
};

async function killByQueryId(fe: FrontendContext, session: Session, queryId: string) {
  const unknown = new SqlError(fe.release.atLeast(3, 5) ? 1064 : 1365, 'HY000', `Unknown query id: ${queryId}`);
  const own = fe.connections.list().find(({ running }) => running?.queryId === queryId);
  if (own && own.user !== session.user) requirePrivilege(fe, session, { privileges: ['OPERATE'] });
  if (killOwnQuery(fe, queryId)) return done();
  const asked = fe.release.atLeast(3, 5) ? allOthers(fe) : others(fe);
  for (const { host, rpcPort } of asked) {
    const call = callNode<FrontendCalls, 'killQuery'>(
      { host, port: rpcPort },
      'killQuery',
      { queryId },
      { timeoutMs: fe.pace.atLeast(5000, 1000) },
    );
    // 3.5 and later ask all of them, and one that is away ends it.
    const answer = await call.catch((error: unknown) => {
      const why = `Failed to connect to fe ${host}:${rpcPort} due to ${javaText(error)}`;
      if (fe.release.atLeast(3, 5)) throw new SqlError(1064, 'HY000', why);
      return { killed: false };
    });
    if (answer.killed) return done();
  }
  throw unknown;
}

export function killOwnQuery(fe: FrontendContext, queryId: string): boolean {
  const session = fe.connections.list().find(({ running }) => running?.queryId === queryId);
  session?.running?.abort.abort();
  return session !== undefined;
}

async function othersProcesses(fe: FrontendContext, full: boolean): Promise<ProcessRow[]> {
  const timeoutMs = fe.pace.atLeast(5000, 1000);
  const asked = others(fe).map(({ host, rpcPort }) => {
    const call = callNode<FrontendCalls, 'processList'>(
      { host, port: rpcPort },
      'processList',
      { full },
      { timeoutMs },
    );
    return call.then(
      ({ rows }) => rows,
      () => [],
    );
  });
  return (await Promise.all(asked)).flat();
}

function others(fe: FrontendContext) {
  return allOthers(fe).filter(({ alive }) => alive);
}

function allOthers(fe: FrontendContext) {
  return [...fe.group.state.frontends.values()].filter(({ name }) => name !== fe.self.name);
}

/** The sessions of this frontend, in the column order of the release. */
export function processRows(fe: FrontendContext, { full }: { full: boolean }): ProcessRow[] {
  const newest = fe.release.atLeast(3, 5);
  const withWarehouse = newest || !fe.release.atLeast(3, 3);
  return fe.connections.list().map((session) => {
    const { running } = session;
    const since = running?.startedAt ?? session.connectedAt;
    const shown = running?.text ?? session.last?.text ?? '';
    const info = full ? shown : shown.slice(0, 100);
    return {
      user: session.user,
      cells: [
        ...(newest ? [fe.self.name] : []),
        ...[String(session.connectionId), session.user, session.remote, session.db ?? '', running ? 'Query' : 'Sleep'],
        ...[
          formatTime(session.connectedAt),
          String(Math.floor((Date.now() - since) / 1000)),
          running ? 'OK' : (session.last?.state ?? 'OK'),
          info,
        ],
        running?.forwarded ? '' : 'false',
        ...(withWarehouse ? ['default_warehouse'] : []),
      ],
    };
  });
}

function processTable(fe: FrontendContext, rows: Cell[][]): RowSet {
  const newest = fe.release.atLeast(3, 5);
  const names = [
    ...(newest ? ['ServerName'] : []),
    ...['Id', 'User', 'Host', 'Db', 'Command', 'ConnectionStartTime', 'Time', 'State', 'Info', 'IsPending'],
    ...(newest || !fe.release.atLeast(3, 3) ? ['Warehouse'] : []),
  ];
  const typeOf = (name: string): ColumnType => (name === 'Id' ? 'BIGINT' : name === 'Time' ? 'INT' : 'VARCHAR');
  return { kind: 'rows', columns: names.map((name) => ({ name, type: typeOf(name) })), rows };
}
