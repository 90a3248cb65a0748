import { connect, isIP } from 'node:net';
import { type Connection, createConnection } from 'mysql2';
import type { Deadline } from '../deadline.ts';
import { noGreeting, serverErrorNumber } from './classify.ts';
import type { SqlRow, SqlTarget } from './port.ts';

export type Frontend = SqlTarget['frontends'][number];

export type Login = Pick<SqlTarget, 'user' | 'tls'> & { readonly frontend: Frontend; readonly password: string };

/** One logged-in connection to one frontend. */
export type Session = {
  /** The number that KILL takes, on that frontend. */
  readonly id: number | null;
  /** Text protocol only: a frontend prepares no statements but SELECT. Rejects with the driver's error. */
  query(text: string): Promise<readonly SqlRow[]>;
  ping(): Promise<void>;
  isUsable(): boolean;
  /** Called once, when the connection ends from the other side. */
  onLost(listener: () => void): void;
  /** Closes the session in an orderly way. */
  end(): void;
  /** Drops the connection, whatever it is doing. */
  destroy(): void;
};

/** Connects and logs in; the deadline covers both, so a frontend that accepts and stays silent does not hold us. */
export async function openSession(login: Login, deadline: Deadline): Promise<Session> {
  const { host, port } = login.frontend;
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
  let isAccepted = false;
  let isGreeted = false;
  socket.once('connect', () => {
    isAccepted = true;
  });
  // The driver listens at once too, so no byte is lost here.
  socket.once('data', () => {
    isGreeted = true;
  });
  const connection = createConnection({
    stream: socket,
    host,
    port,
    user: login.user,
    password: login.password,
    charset: 'utf8mb4',
    dateStrings: true,
    multipleStatements: false,
    connectTimeout: deadline.remainingMs(),
    ...tlsOptions(login),
  });
  let isLost = false;
  let tellLost: () => void = () => undefined;
  const lose = () => {
    if (isLost) return;
    isLost = true;
    tellLost();
  };
  // The driver may give up a connection and report it only to whoever sent the query.
  const loseUnlessAnswered = (error: unknown): never => {
    if (serverErrorNumber(error) === null) lose();
    throw error;
  };
  // An error event without a listener ends the process; whoever waits for an answer gets the error as well.
  connection.on('error', lose);
  connection.on('end', lose);

  const connected = new Promise<void>((resolve, reject) => {
    connection.once('connect', () => resolve());
    connection.once('error', reject);
    connection.once('end', () => reject(new Error('the connection was closed during the login')));
  });
  try {
    await deadline.race(connected);
  } catch (error) {
    connection.destroy();
    throw isAccepted && !isGreeted && isTimeout(error) ? silence(error) : error;
  }
  return {
    id: connection.threadId,
    query: (text) => queryText(connection, text).catch(loseUnlessAnswered),
    ping: () => ping(connection).catch(loseUnlessAnswered),
    isUsable: () => !isLost,
    onLost: (listener) => {
      tellLost = listener;
    },
    end: () => connection.end(() => connection.destroy()),
    destroy: () => connection.destroy(),
  };
}

/** True for the deadline's own error and for the driver's, whichever comes first. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'TIMEOUT' || error.code === 'ETIMEDOUT');
}

function silence(cause: unknown): Error {
  return Object.assign(new Error('the login took longer than it may', { cause }), { code: noGreeting });
}

function ping(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.ping((error) => (error ? reject(error) : resolve()));
  });
}

function queryText(connection: Connection, sql: string): Promise<readonly SqlRow[]> {
  return new Promise((resolve, reject) => {
    const options = { sql, rowsAsArray: true, typeCast: asText };
    connection.query(options, (error: Error | null, answer: unknown, fields?: readonly { name: string }[]) => {
      if (error !== null) return reject(error);
      // A statement without rows answers with an object.
      const rows = Array.isArray(answer) ? answer : [];
      const names = fields?.map(({ name }) => name) ?? [];
      resolve(rows.map((row: unknown) => toRow(names, row)));
    });
  });
}

/** Every value as the text that was sent: numbers beyond 2^53 and odd dates stay what they are. */
function asText(field: { string(): string | null }): string | null {
  return field.string();
}

function toRow(names: readonly string[], values: unknown): SqlRow {
  if (!Array.isArray(values)) return {};
  return Object.fromEntries(
    names.map((name, index) => [name, typeof values[index] === 'string' ? values[index] : null]),
  );
}

function tlsOptions({ tls, frontend }: Login) {
  if (tls === null) return {};
  return {
    // An account of a directory service sends its password as plain text, which is acceptable only with TLS.
    enableCleartextPlugin: true,
    ssl: {
      rejectUnauthorized: tls.verify,
      // For an address the driver has no name to compare; then only the signature of the certificate is checked.
      verifyIdentity: tls.verify && isIP(frontend.host) === 0,
      ...(tls.ca === null ? {} : { ca: tls.ca }),
    },
  };
}
