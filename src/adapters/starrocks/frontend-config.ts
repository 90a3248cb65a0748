import { parseFrontendConfig } from './parse.ts';
import type { SqlCall, SqlReader, StarRocksSql } from './port.ts';
import { adminSetFrontendConfig, adminShowFrontendConfig } from './statements.ts';

/** Values of the frontend that the call's route names, by key, for all keys that the LIKE pattern matches; one statement. */
export async function readFrontendValues(
  sql: SqlReader,
  pattern: string,
  call: SqlCall,
): Promise<Readonly<Record<string, string>>> {
  const rows = parseFrontendConfig(await sql.query(adminShowFrontendConfig(pattern), call));
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

/** Up to 3.4 this changes only the frontend that the route names; from 3.5 all frontends, wherever it is sent. */
export async function setFrontendValue(
  sql: StarRocksSql,
  { key, value }: { key: string; value: string },
  call: SqlCall,
): Promise<void> {
  await sql.query(adminSetFrontendConfig(key, value), call);
}
