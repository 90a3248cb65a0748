import type { SqlReader } from './port.ts';
import { showCatalogs } from './statements.ts';

/** The names of the external catalogs that the user may see. */
export async function listCatalogs(sql: SqlReader, signal: AbortSignal): Promise<readonly string[]> {
  const rows = await sql.query(showCatalogs(), { signal });
  return rows.filter(({ Type }) => Type !== 'Internal').map(({ Catalog }) => Catalog ?? '');
}
