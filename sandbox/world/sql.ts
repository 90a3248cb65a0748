import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection } from 'mysql2/promise';

export type Row = Readonly<Record<string, string | null>>;

/** A connection of the sandbox's own; Starwarden has a better one, which is under test. */
export type Sql = {
  query(text: string): Promise<Row[]>;
  close(): void;
};

export type SqlTarget = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
};

/** Connects once; every value of an answer comes as text or null. */
export async function connectSql({ host, port, user, password }: SqlTarget): Promise<Sql> {
  const connection = await mysql.createConnection({
    host,
    port,
    user,
    password,
    connectTimeout: 5_000,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  connection.on('error', () => {}); // the next query tells
  return { query: (text) => query(connection, text), close: () => connection.destroy() };
}

/** Tries until the server accepts the login. A refused password ends it at once. */
export async function connectSqlWhenUp(
  target: SqlTarget,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Sql> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(50, undefined, { signal })) {
    try {
      return await connectSql(target);
    } catch (error) {
      const isRefusal = error instanceof Error && 'errno' in error && error.errno === 1045;
      if (isRefusal || Date.now() > deadline) throw error;
    }
  }
}

async function query(connection: Connection, text: string): Promise<Row[]> {
  const [result] = await connection.query({ sql: text, timeout: 60_000 });
  if (!Array.isArray(result)) return [];
  return result.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)])));
}

function asText(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
