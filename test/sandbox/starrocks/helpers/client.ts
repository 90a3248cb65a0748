import { createConnection, type RowDataPacket } from 'mysql2/promise';

export type Row = Record<string, string | number | null>;
export type SqlFailure = { code: number; sqlState: string; message: string };

/** A connection of the driver that the product uses, so that the tests meet the protocol as the product does. */
export type Client = {
  /** The rows of a statement; empty for one that answers with an OK packet. */
  query(text: string): Promise<Row[]>;
  columns(text: string): Promise<string[]>;
  /** The error of a statement that must fail. */
  failure(text: string): Promise<SqlFailure>;
  raw: Awaited<ReturnType<typeof createConnection>>;
  close(): void;
};

export async function connectTo(
  host: string,
  login: { user?: string; password?: string; database?: string } = {},
): Promise<Client> {
  const { user = 'root', password = '', database } = login;
  const raw = await createConnection({
    host,
    port: 9030,
    user,
    password,
    ...(database === undefined ? {} : { database }),
    dateStrings: true,
    charset: 'utf8mb4',
    connectTimeout: 3000,
  });
  raw.on('error', () => undefined);
  const query = async (text: string): Promise<Row[]> => {
    const [rows] = await raw.query<RowDataPacket[]>(text);
    return Array.isArray(rows) ? rows.map((row) => ({ ...row })) : [];
  };
  return {
    query,
    raw,
    columns: async (text) => (await raw.query(text))[1].map(({ name }) => name),
    failure: async (text) => {
      try {
        await raw.query(text);
      } catch (error) {
        return describeFailure(error);
      }
      throw new Error(`this statement did not fail: ${text}`);
    },
    close: () => raw.destroy(),
  };
}

export function describeFailure(error: unknown): SqlFailure {
  if (!(error instanceof Error)) throw error;
  const code = 'errno' in error ? Number(error.errno) : 0;
  const sqlState = 'sqlState' in error ? String(error.sqlState) : '';
  return { code, sqlState, message: error.message };
}
