import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';
import type { WorldDescription } from './describe.ts';
import type { Row } from './sql.ts';

export type Frontend = WorldDescription['cluster']['frontends'][number];

/** How one query ended. An answer and an error both come from the frontend it was sent to: nothing is sent twice. */
export type Sent =
  | { readonly ok: true; readonly frontend: Frontend; readonly rows: readonly Row[] }
  | { readonly ok: false; readonly frontend: Frontend; readonly code: string; readonly message: string };

/** A client that knows all frontends, uses them in turn, and goes round those that take no connection. */
export type CarefulClient = {
  /** Null when no frontend took a connection within that time, so that nothing was sent. */
  send(sql: string, options: { readonly timeoutMs: number }): Promise<Sent | null>;
  close(): void;
};

export type ClientOptions = {
  readonly frontends: readonly Frontend[];
  readonly user: string;
  readonly password: string;
  /** With which frontend to begin, so that several clients do not go in step. */
  readonly first?: number;
};

/** After a refused connection a frontend is left alone for so long. */
const restMs = 250;

export function createCarefulClient(options: ClientOptions): CarefulClient {
  const { frontends } = options;
  const connections = new Map<Frontend, Connection>();
  const restsUntil = new Map<Frontend, number>();
  let next = options.first ?? 0;

  const connectionTo = async (frontend: Frontend): Promise<Connection | null> => {
    const known = connections.get(frontend);
    if (known !== undefined) return known;
    if ((restsUntil.get(frontend) ?? 0) > performance.now()) return null;
    try {
      const connection = await connect(frontend, options);
      connections.set(frontend, connection);
      // Closed by the other side while idle: noticed here, and no query is lost by it.
      connection.on('error', () => forget(frontend, connection));
      return connection;
    } catch {
      restsUntil.set(frontend, performance.now() + restMs);
      return null;
    }
  };
  const forget = (frontend: Frontend, connection: Connection) => {
    if (connections.get(frontend) === connection) connections.delete(frontend);
    connection.destroy();
  };

  return {
    async send(sql, { timeoutMs }) {
      for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
        const frontend = frontends[next % frontends.length];
        next += 1;
        if (frontend === undefined) throw new Error('there is no frontend to send to');
        const connection = await connectionTo(frontend);
        if (connection !== null) return ask({ frontend, connection, sql, timeoutMs, onLost: forget });
        if (connections.size === 0) await sleep(10);
      }
      return null;
    },
    close() {
      for (const [frontend, connection] of connections) forget(frontend, connection);
    },
  };
}

async function connect(frontend: Frontend, { user, password }: ClientOptions): Promise<Connection> {
  const { host, queryPort: port } = frontend;
  return mysql.createConnection({ host, port, user, password, connectTimeout: 2_000, bigNumberStrings: true });
}

type Asked = {
  readonly frontend: Frontend;
  readonly connection: Connection;
  readonly sql: string;
  readonly timeoutMs: number;
  readonly onLost: (frontend: Frontend, connection: Connection) => void;
};

async function ask({ frontend, connection, sql, timeoutMs, onLost }: Asked): Promise<Sent> {
  try {
    const [result] = await connection.query({ sql, timeout: timeoutMs });
    const rows = Array.isArray(result) ? result.map((row) => textRow({ ...row })) : [];
    return { ok: true, frontend, rows };
  } catch (error) {
    const { code, isLost } = explain(error);
    if (isLost) onLost(frontend, connection);
    return { ok: false, frontend, code, message: error instanceof Error ? error.message : String(error) };
  }
}

function textRow(row: Record<string, unknown>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)]));
}

/** An error packet has a number and leaves the connection usable; anything else means that it is gone. */
function explain(error: unknown): { code: string; isLost: boolean } {
  const numberOf = (name: string) => (error instanceof Error && name in error ? Reflect.get(error, name) : undefined);
  const sqlState = numberOf('sqlState');
  const errno = numberOf('errno');
  if (typeof sqlState === 'string') return { code: String(errno), isLost: false };
  return { code: String(numberOf('code') ?? 'UNKNOWN'), isLost: true };
}
