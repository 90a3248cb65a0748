import { appendFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createScramble, isProofOf } from '../mysql/auth.ts';
import { completeLogin, PacketStream, writeError, writeOk } from '../mysql/connection.ts';
import { done, handshakePacket, type LoginRequest, moreResults, readChangeUser, readLogin } from '../mysql/packets.ts';
import { writeResult } from '../mysql/result.ts';
import { SqlError } from '../sql/errors.ts';
import { findAccount } from './access.ts';
import { requireFreeConnection } from './connection-limits.ts';
import type { FrontendContext } from './context.ts';
import { countQuery, execute, parseFor } from './execute.ts';
import { createPreparedStatements, type PreparedStatements } from './prepared-statements.ts';
import { createSession, type Session } from './session.ts';
import { useDatabase } from './statements/session.ts';

const command = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  ping: 0x0e,
  changeUser: 0x11,
  prepare: 0x16,
  executeStatement: 0x17,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  resetConnection: 0x1f,
};

/** The MySQL protocol on query_port: one session a connection, one command after the other. */
export function serveSql(fe: FrontendContext): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    serveConnection(fe, socket).catch((error: unknown) => {
      fe.log('WARN', `connection from ${socket.remoteAddress} ended: ${String(error)}`);
      socket.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(fe.self.queryPort, fe.self.host, () => resolve(server));
  });
}

async function serveConnection(fe: FrontendContext, socket: Socket): Promise<void> {
  const stream = new PacketStream(socket);
  // The id of a connection is made from that of its frontend, and one that was dropped has none: it takes the call and says nothing.
  if (!fe.group.state.frontends.has(fe.self.name)) return;
  const scramble = createScramble();
  const connectionId = fe.connections.nextId();
  stream.write(handshakePacket({ version: fe.config.get('mysql_server_version'), connectionId, scramble }));
  const hello = await stream.read();
  const login = hello && (await completeLogin(stream, readLogin(hello), scramble));
  if (!login) return;
  let session: Session;
  try {
    session = openSession(fe, login, { scramble, connectionId, remote: remoteHost(socket) });
  } catch (error) {
    writeError(stream, error);
    socket.end();
    return;
  }
  fe.connections.add(session, () => socket.destroy());
  socket.on('close', () => fe.connections.remove(session));
  writeOk(stream, done());
  await serveCommands(fe, { stream, session, scramble, prepared: createPreparedStatements() });
}

function remoteHost(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

type Origin = { scramble: Buffer; connectionId: number; remote: string };

function openSession(fe: FrontendContext, login: LoginRequest, { scramble, connectionId, remote }: Origin): Session {
  fe.connections.tried(login.user);
  const account = findAccount(fe.group.state, login.user, remote);
  if (!account || !isProofOf(account.passwordHash, login.proof, scramble)) {
    const using = login.proof.length > 0 ? 'YES' : 'NO';
    throw new SqlError(1045, '28000', `Access denied for user '${login.user}' (using password: ${using})`);
  }
  const session = createSession({ connectionId, user: account.name, userHost: account.host, remote });
  session.roles = account.defaultRoles;
  requireFreeConnection(fe, account.name);
  if (login.db !== '') useDatabase(fe, session, login.db);
  return session;
}

type Line = { stream: PacketStream; session: Session; scramble: Buffer; prepared: PreparedStatements };

async function serveCommands(fe: FrontendContext, line: Line): Promise<void> {
  const { stream } = line;
  for (let packet = await stream.read(); packet !== null; packet = await stream.read()) {
    const code = packet[0];
    if (code === command.quit) {
      stream.socket.end();
      return;
    }
    try {
      await serveCommand(fe, line, packet);
    } catch (error) {
      writeError(stream, error);
      if (!(error instanceof SqlError)) fe.log('WARN', `command ${code} failed: ${describe(error)}`);
    }
  }
}

async function serveCommand(fe: FrontendContext, line: Line, packet: Buffer): Promise<void> {
  const { stream, session, prepared } = line;
  const body = packet.subarray(1);
  switch (packet[0]) {
    case command.query:
      return query(fe, line, body.toString('utf8'));
    case command.initDb:
      useDatabase(fe, session, body.toString('utf8'));
      return writeOk(stream, done());
    case command.ping:
    case command.resetStatement:
      return writeOk(stream, done());
    case command.resetConnection:
      session.variables.clear();
      session.db = null;
      return writeOk(stream, done());
    case command.changeUser:
      return changeUser(fe, line, body);
    case command.prepare:
      return prepared.prepare(fe, stream, body.toString('utf8'));
    case command.executeStatement:
      return prepared.execute(fe, { stream, session }, body);
    case command.closeStatement:
      return prepared.close(body);
    case command.fieldList:
      return writeResult(stream, { kind: 'rows', columns: [], rows: [] }, 0);
    default:
      throw new SqlError(1047, '08S01', `Unknown command(${packet[0]})`);
  }
}

async function changeUser(fe: FrontendContext, { stream, session, scramble }: Line, body: Buffer): Promise<void> {
  const login = await completeLogin(stream, readChangeUser(body), scramble);
  if (!login) return;
  const { connectionId, remote } = session;
  Object.assign(session, openSession(fe, login, { scramble, connectionId, remote }));
  writeOk(stream, done());
}

/** The text is parsed as a whole; its statements run in turn and the first error ends it. */
async function query(fe: FrontendContext, { stream, session }: Line, text: string): Promise<void> {
  recordStatement(fe, session, text);
  const strike = (kind: Parameters<typeof fe.faults.strike>[0]) => fe.faults.strike(kind, text);
  if (strike('sql-drop-before')) return void stream.socket.destroy();
  const slow = strike('sql-delay');
  if (slow) await sleep(slow.ms ?? 0);
  const wrong = strike('sql-error');
  if (wrong) {
    const error = new SqlError(wrong.code ?? 1064, wrong.sqlState ?? 'HY000', wrong.message ?? 'injected error');
    fe.metrics.requestTotal++;
    const end = error.atAnalysis ? 'analysis error' : 'internal error';
    if (/^\s*(SELECT|WITH)\b/i.test(text)) countQuery(fe, { text, ms: 0, end });
    throw error;
  }
  const loseAnswer = strike('sql-drop-after') !== null;
  const statements = parseFor(fe, text);
  for (const [at, statement] of statements.entries()) {
    try {
      const result = await execute(fe, session, statement);
      if (!loseAnswer) writeResult(stream, result, at < statements.length - 1 ? moreResults : 0);
    } catch (error) {
      if (!loseAnswer) throw error;
      break;
    }
  }
  if (loseAnswer) stream.socket.destroy();
}

/**
 * One JSON line for every text that a client sent, right or wrong, so that a test can see exactly what was sent. Only the
 * password of an account is masked, as StarRocks masks it in its audit log.
 */
function recordStatement(fe: FrontendContext, session: Session, text: string): void {
  const file = fe.conf.get('sandbox_statement_log');
  if (file === undefined) return;
  const line = {
    time: new Date().toISOString(),
    frontend: fe.self.host,
    user: session.user,
    text: maskPasswords(text),
  };
  try {
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  } catch (error) {
    fe.log('WARN', `statement log: ${describe(error)}`);
  }
}

function maskPasswords(text: string): string {
  return text.replace(/(\bIDENTIFIED\s+BY\s+)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/gi, "$1'***'");
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
