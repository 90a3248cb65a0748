import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Result } from '../mysql/packets.ts';
import { javaText } from '../rpc.ts';
import { SqlError } from '../sql/errors.ts';
import { type Parsed, parseScript } from '../sql/parse.ts';
import type { ForwardReply, ForwardRequest, FrontendContext } from './context.ts';
import { forward } from './forward.ts';
import type { Execution, Handler, Handlers, StatementKind, StatementOf } from './handlers.ts';
import { NotLeader } from './meta/group.ts';
import { type QueryEnd, recordQuery } from './metrics.ts';
import { createSession, type Session } from './session.ts';
import { clusterSnapshotHandlers } from './shared-data/handlers.ts';
import { accessHandlers } from './statements/access.ts';
import { adminHandlers } from './statements/admin.ts';
import { alterTableHandlers } from './statements/alter-table.ts';
import { backupHandlers } from './statements/backup.ts';
import { blacklistHandlers } from './statements/blacklists.ts';
import { catalogHandlers } from './statements/catalogs.ts';
import { decommissionHandlers } from './statements/decommission.ts';
import { describeHandlers } from './statements/describe.ts';
import { frontendHandlers } from './statements/frontends.ts';
import { insertHandlers } from './statements/insert.ts';
import { processHandlers } from './statements/processes.ts';
import { recoverHandlers } from './statements/recover.ts';
import { replicaHandlers } from './statements/replicas.ts';
import { routineLoadHandlers } from './statements/routine-loads.ts';
import { selectHandlers } from './statements/select.ts';
import { sessionHandlers } from './statements/session.ts';
import { showHandlers } from './statements/show.ts';
import { workHandlers } from './statements/show-work.ts';
import { tableHandlers } from './statements/tables.ts';
import { userPropertyHandlers } from './statements/user-properties.ts';
import { viewHandlers } from './statements/views.ts';
import { workerHandlers } from './statements/workers.ts';

const handlers: Handlers<StatementKind> = {
  ...accessHandlers,
  ...adminHandlers,
  ...alterTableHandlers,
  ...backupHandlers,
  ...clusterSnapshotHandlers,
  ...catalogHandlers,
  ...decommissionHandlers,
  ...describeHandlers,
  ...frontendHandlers,
  ...insertHandlers,
  ...processHandlers,
  ...blacklistHandlers,
  ...recoverHandlers,
  ...replicaHandlers,
  ...routineLoadHandlers,
  ...selectHandlers,
  ...sessionHandlers,
  ...showHandlers,
  ...tableHandlers,
  ...userPropertyHandlers,
  ...viewHandlers,
  ...workHandlers,
  ...workerHandlers,
};

export function parseFor(fe: FrontendContext, text: string): Parsed[] {
  return parseScript(text, { newBackupClauses: fe.release.atLeast(3, 4), dropSnapshot: fe.release.atLeast(4, 2) });
}

/** Runs one statement for a client of this frontend: here, or on the leader. */
export async function execute(fe: FrontendContext, session: Session, { statement, text }: Parsed): Promise<Result> {
  const startedAt = Date.now();
  const abort = new AbortController();
  session.running = { text, queryId: randomUUID(), startedAt, abort, forwarded: false };
  fe.metrics.requestTotal++;
  let end: QueryEnd = 'success';
  try {
    const result = await Promise.race([route(fe, session, { statement, text }), killed(abort.signal)]);
    session.last = { text, state: result.kind === 'ok' ? 'OK' : 'EOF' };
    return result;
  } catch (error) {
    session.last = { text, state: 'ERR' };
    end = error instanceof SqlError && error.atAnalysis ? 'analysis error' : 'internal error';
    throw error;
  } finally {
    session.running = null;
    if (statement.kind === 'select') countQuery(fe, { text, ms: Date.now() - startedAt, end });
  }
}

/** `slow-queries` makes a query have taken `ms` more, without anybody waiting for it. */
export function countQuery(fe: FrontendContext, query: { text: string; ms: number; end: QueryEnd }): void {
  const added = fe.faults.strike('slow-queries', query.text)?.ms ?? 0;
  const slowMs = fe.config.number('qe_slow_log_ms');
  recordQuery(fe.metrics, { ms: query.ms + added, end: query.end, slowMs });
}

async function route(fe: FrontendContext, session: Session, parsed: Parsed): Promise<Result> {
  if (placeOf(parsed.statement, fe, session) === 'local') return run(fe, session, parsed);
  while (fe.group.isTakingOver) await sleep(10);
  if (fe.group.isLeader || fe.group.isHandingOver) {
    const wasLeader = fe.group.isLeader;
    try {
      return await run(fe, session, parsed);
    } catch (error) {
      if (!(error instanceof NotLeader && fe.leaving)) throw error;
      // It came when nobody led any more: its journal takes nothing, and the next leader never hears of it.
      if (!wasLeader) throw new SqlError(1064, 'HY000', 'Environment is closed.');
      // Handed over in the middle of the statement: it changed nothing here, and the next leader carries it out.
    }
  }
  if (session.running) session.running.forwarded = true;
  return forward(fe, session, parsed.text);
}

function placeOf<K extends StatementKind>(
  statement: StatementOf[K] & { kind: K },
  fe: FrontendContext,
  session: Session,
) {
  const { place }: Handler<StatementOf[K]> = handlers[statement.kind];
  return typeof place === 'function' ? place(statement, fe, session) : place;
}

function run(fe: FrontendContext, session: Session, { statement, text }: Parsed): Promise<Result> | Result {
  return dispatch({ statement, session, fe, text });
}

function dispatch<K extends StatementKind>(
  execution: Execution<StatementOf[K] & { kind: K }>,
): Promise<Result> | Result {
  const handler: Handler<StatementOf[K]> = handlers[execution.statement.kind];
  return handler.run(execution);
}

function killed(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new SqlError(1317, '70100', 'Query execution was interrupted')), {
      once: true,
    });
  });
}

const tooOld: ForwardReply['outcome'] = {
  ok: false,
  code: 1064,
  sqlState: 'HY000',
  message: 'Missing current catalog. You need to upgrade this Frontend to the same version as Leader Frontend.',
};

/**
 * A leader of a newer line takes nothing from an older follower, which is why the leader is upgraded last. The real one
 * refuses where the older one does not send all it needs, which between neighbouring lines may never happen;
 * `sandbox_forwarding = lenient` in fe.conf is for that.
 */
function refusesForwarding(fe: FrontendContext, follower: string): boolean {
  const [major = 0, minor = 0] = follower.split('.').map(Number);
  return fe.conf.get('sandbox_forwarding') !== 'lenient' && fe.release.atLeast(major, minor + 1);
}

/** The leader's side of `forward`: the session of the far frontend is rebuilt from what travelled along. */
export async function executeForwarded(fe: FrontendContext, request: ForwardRequest): Promise<ForwardReply> {
  if (refusesForwarding(fe, request.release)) return { outcome: tooOld, journalId: fe.group.applied };
  const { user, userHost, remote } = request;
  const session = createSession({ connectionId: 0, user, userHost, remote });
  session.db = request.db;
  session.roles = request.roles;
  session.variables = new Map(request.variables);
  session.hops = request.hops;
  session.origin = request.release;
  try {
    const [parsed] = parseFor(fe, request.text);
    if (!parsed) throw new Error('nothing to execute');
    const result = await route(fe, session, parsed);
    return { outcome: { ok: true, result }, journalId: fe.group.applied };
  } catch (error) {
    const known = error instanceof SqlError ? error : new SqlError(1064, 'HY000', javaText(error));
    const { code, sqlState, message } = known;
    return { outcome: { ok: false, code, sqlState, message }, journalId: fe.group.applied };
  } finally {
    fe.group.tell();
  }
}
