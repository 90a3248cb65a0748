import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonResponse, type Request, type Response } from '../http-server.ts';
import { hashPassword } from '../mysql/auth.ts';
import { SqlError } from '../sql/errors.ts';
import { findAccount } from './access.ts';
import type { FrontendContext } from './context.ts';
import { partitionsOf } from './data/placement.ts';
import { tablesOf } from './data/tables.ts';
import { metricsText } from './metrics-text.ts';
import { procRows } from './proc/paths.ts';

type Options = { metaDir: string; stop: () => void };

/** What a frontend answers on http_port. */
export function createFrontendRoutes(
  fe: FrontendContext,
  { metaDir, stop }: Options,
): (request: Request) => Response | null {
  return (request) => {
    fe.metrics.httpRequests++;
    // What is meant to be asked by GET alone asks everybody else for a login.
    if (request.method === 'HEAD') return { ...unauthorized, type: 'text/html' };
    switch (request.path) {
      case '/api/health':
        return fe.leaving ? { status: 500, body: '' } : health(fe);
      case '/api/bootstrap':
        return bootstrap(fe, request.query);
      case '/api/show_meta_info':
        return metaInfo(fe, request.query.get('action') ?? '');
      case '/api/show_proc':
        return guarded(fe, request, () => showProc(fe, request.query.get('path') ?? '/'));
      case '/api/_set_config':
        return guarded(fe, request, () => setConfig(fe, request.query));
      case '/api/stop':
        return guarded(fe, request, () => {
          setImmediate(stop);
          return jsonResponse({ status: 'OK' });
        });
      case '/metrics':
        return fe.leaving ? { status: 500, body: '' } : { type: 'text/plain', body: metricsText(fe) };
      case '/role':
        return role(fe, request.query);
      case '/version':
        return { type: 'text/plain', body: readFileSync(join(metaDir, 'image', 'VERSION'), 'utf8') };
      default:
        return null;
    }
  };
}

const unauthorized: Response = { status: 401, headers: { 'www-authenticate': 'Basic realm=""' }, body: '' };

function health(fe: FrontendContext): Response {
  const backends = [...fe.group.state.workers.values()].filter(({ kind }) => kind === 'BACKEND');
  const online = backends.filter(({ alive }) => alive).length;
  return jsonResponse({ online_backend_num: online, total_backend_num: backends.length, status: 'OK' });
}

/** Always HTTP 200. Numbers only for a caller that knows the token (and, up to 3.3, the cluster id). */
function bootstrap(fe: FrontendContext, query: URLSearchParams): Response {
  const { release, group, self } = fe;
  const codes = release.atLeast(3, 2);
  const failed = (text: string) =>
    jsonResponse({ status: 'FAILED', ...(codes ? { code: '1' } : {}), msg: text, ...(codes ? { message: text } : {}) });
  if (!isReady(fe)) return failed('not ready');
  const { settings } = group.state;
  const asked = query.has('token');
  const wrongCluster =
    !release.atLeast(3, 4) && query.has('cluster_id') && query.get('cluster_id') !== settings.get('clusterId');
  if (asked && (query.get('token') !== settings.get('token') || wrongCluster)) return failed('invalid parameter');
  return jsonResponse({
    replayedJournalId: asked ? group.applied : 0,
    queryPort: asked ? self.queryPort : 0,
    rpcPort: asked ? self.rpcPort : 0,
    feStartTime: asked ? self.startedAt : 0,
    ...(release.atLeast(3, 4) ? { heapUsedPercent: fe.faults.strike('heap-crowded', '')?.share ?? 0.1 } : {}),
    ...(asked ? { feVersion: release.text } : {}),
    status: 'OK',
    ...(codes ? { code: '0' } : {}),
    msg: 'Success',
    ...(codes ? { message: 'OK' } : {}),
  });
}

export function isReady(fe: FrontendContext): boolean {
  return fe.group.isLeader || fe.group.role === 'FOLLOWER' || fe.group.role === 'OBSERVER';
}

function metaInfo(fe: FrontendContext, action: string): Response | null {
  if (action === 'SHOW_HA') return showHa(fe);
  if (action !== 'SHOW_DB_SIZE' && action !== 'SHOW_FULL_DB_SIZE') return null;
  const { state } = fe.group;
  const sizes = [...state.databases.values()].map((db) => {
    const partitions = tablesOf(state, db.id).flatMap((table) => partitionsOf(state, table.id));
    return [db.name, partitions.reduce((sum, partition) => sum + partition.dataBytes, 0)] as const;
  });
  return jsonResponse(Object.fromEntries(sizes));
}

function showHa(fe: FrontendContext): Response {
  const { group } = fe;
  // The others, as each frontend lists them; the leader leaves itself out as well, and says that it cannot read.
  const nodes = (role: 'FOLLOWER' | 'OBSERVER') => {
    const others = [...group.state.frontends.values()].filter(({ name }) => name !== group.leaderName);
    const named = others.filter((frontend) => frontend.role === role && frontend.joined);
    return named.map(({ host }) => host).join(',');
  };
  const known = group.role !== 'UNKNOWN' && group.role !== 'INIT';
  return jsonResponse({
    role: group.role === 'LEADER' && !group.isLeader ? 'UNKNOWN' : group.role,
    current_journal_id: String(group.applied),
    master: known ? (group.leader?.host ?? 'unknown') : 'unknown',
    electable_nodes: nodes('FOLLOWER'),
    observer_nodes: nodes('OBSERVER'),
    can_read: String(!group.isLeader && group.applied > 0),
    is_ready: String(isReady(fe)),
    last_checkpoint_version: String(fe.checkpoint.version),
    last_checkpoint_time: String(fe.checkpoint.at),
  });
}

/** A wrong path is an empty list here, while SHOW PROC refuses it. */
function showProc(fe: FrontendContext, path: string): Response {
  try {
    const { columns, rows } = procRows(fe, path);
    return jsonResponse(rows.map((row) => Object.fromEntries(columns.map(({ name }, at) => [name, row[at]]))));
  } catch (error) {
    if (error instanceof SqlError) return jsonResponse([]);
    throw error;
  }
}

function setConfig(fe: FrontendContext, query: URLSearchParams): Response {
  const set: Record<string, string> = {};
  const err: Record<string, string> = {};
  for (const [key, value] of query) (fe.config.set(key, value) === null ? set : err)[key] = value;
  return jsonResponse({ set, err });
}

/** What a new frontend asks its helper: whether it was added, as what, and under which name. */
function role(fe: FrontendContext, query: URLSearchParams): Response {
  const found = [...fe.group.state.frontends.values()].find((frontend) => {
    return frontend.host === query.get('host') && String(frontend.editLogPort) === query.get('port');
  });
  if (!found)
    return { headers: { role: 'UNKNOWN' }, body: 'current node is not added to the group. please add it first' };
  return { headers: { role: found.role, name: found.name }, body: '' };
}

/** Basic auth, and the root user or role, or both admin roles; OPERATE alone is not enough. */
function guarded(fe: FrontendContext, { authorization }: Request, work: () => Response): Response {
  const [user = '', ...rest] = Buffer.from(authorization?.replace(/^Basic /i, '') ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const account = authorization === null ? null : findAccount(fe.group.state, user, '127.0.0.1');
  const refused = (msg: string, status: number): Response => ({
    ...jsonResponse({ status: 'FAILED', code: '1', msg, message: msg }, status),
    headers: { 'www-authenticate': 'Basic realm=""' },
  });
  if (authorization === null) return refused('Need auth information.', 401);
  if (!account || account.passwordHash !== hashPassword(rest.join(':')))
    return refused(`Access denied for ${user}@127.0.0.1`, 401);
  const roles = account.roles;
  const admin =
    account.name === 'root' || roles.includes('root') || (roles.includes('db_admin') && roles.includes('user_admin'));
  return admin
    ? work()
    : refused('Access denied; you need (at least one of) the OPERATE privilege(s) on SYSTEM for this operation.', 401);
}
