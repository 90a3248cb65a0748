import type { RowSet } from '../../mysql/packets.ts';
import type { RowOrder } from '../../sql/ast.ts';
import { analysisError } from '../../sql/errors.ts';

/** The rows of a SHOW as its ORDER BY and LIMIT ask for them; cells are compared as texts. */
export function ordered(rows: RowSet, { column, descending, limit }: RowOrder): RowSet {
  const at = column === null ? -1 : rows.columns.findIndex(({ name }) => name.toLowerCase() === column.toLowerCase());
  if (column !== null && at < 0) throw analysisError(`Table does not have column '${column}'`);
  const text = (row: RowSet['rows'][number]) => String(row[at] ?? '');
  const sorted =
    at < 0 ? rows.rows : rows.rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1) * (descending ? -1 : 1));
  return { ...rows, rows: limit === null ? sorted : sorted.slice(0, limit) };
}
