import type { Asked } from '../../domain/upgrade/checks-facts.ts';
import { AppError } from '../../errors.ts';
import { parseFrontendConfig } from './parse.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { adminShowFrontendConfig } from './statements.ts';

export type FrontendConfigs = {
  readonly host: string;
  /** Query port. */
  readonly port: number;
  /** Values by the key that was asked for; a key that this version does not know is missing. */
  readonly values: Asked<Readonly<Record<string, string>>>;
};

/**
 * What each of these frontends has for the keys, all frontends at once. `ADMIN SHOW FRONTEND CONFIG` is answered by the
 * very frontend that is asked, and up to 3.4 each has its own values. A frontend that does not answer is told, not thrown.
 */
export async function readFrontendConfigs(
  sql: SqlReader,
  { keys, frontends }: { keys: readonly string[]; frontends: readonly { host: string; port: number }[] },
  call: SqlCall = {},
): Promise<FrontendConfigs[]> {
  return Promise.all(
    frontends.map(async ({ host, port }) => {
      const asking = { ...call, route: { host, port } };
      return { host, port, values: await told(() => readValues(sql, keys, asking)) };
    }),
  );
}

async function readValues(
  sql: SqlReader,
  keys: readonly string[],
  call: SqlCall,
): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const key of keys) {
    // `_` is a wildcard of LIKE, so other keys may come along.
    const rows = parseFrontendConfig(await sql.query(adminShowFrontendConfig(key), call));
    const row = rows.find((each) => each.key === key || each.aliases.includes(key));
    if (row !== undefined) found.push([key, row.value]);
  }
  return Object.fromEntries(found);
}

async function told<T>(read: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'CANCELED') throw error;
    return { failed: error.message };
  }
}
