import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readDatabaseState } from '../../../adapters/starrocks/read-database-state.ts';
import { sumTable } from '../../../adapters/starrocks/restore-statements.ts';
import { showColumns } from '../../../adapters/starrocks/statements.ts';
import type { DatabaseState, TableState } from '../../../domain/backup/content.ts';
import {
  comparisons,
  isUnchanged,
  whyMissing,
  whyNotRestored,
  whyTouched,
} from '../../../domain/restore/comparison.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofTarget, restoreParams } from '../params.ts';
import { readSelection } from '../read-selection.ts';

const queryTimeoutSeconds = 3_600;

export const verifiedFacts = z.object({
  tables: z.array(
    z.object({ table: z.string(), result: z.enum(comparisons), why: z.string(), rows: z.string().nullable() }),
  ),
});
export type VerifiedTable = z.infer<typeof verifiedFacts>['tables'][number];

/**
 * Compares what was restored: each partition stands there with the version that the backup has; the rows are counted; and
 * where the original is still exactly what was backed up, StarRocks sums hashes of all cells of both. What is not as it should
 * be fails the step, and is then removed.
 */
export const verifyRestored = defineStep({
  kind: 'verifyRestored',
  params: restoreParams,
  about: ofTarget,
  effect: 'looks',
  ports: ['sql', 'catalogue'],
  facts: verifiedFacts,
  timeoutMs: 24 * 3_600_000,
  repeat: 'safe',
  abortable: true,
  describe: ({ place, database, target }) =>
    place === 'OWN_NAMES'
      ? `Compare what came back in ${target} with the backups`
      : `Compare ${target} with ${database}`,
  check: async () => ({ state: 'todo' }),
  apply: async (given, { sql, catalogue }, { signal, log }) => {
    const { selection } = await readSelection(catalogue, given);
    const copy = await stateOf(sql, given.target, signal);
    // Under its own name there is no original any more.
    const isBeside = given.place === 'BESIDE';
    const original = isBeside ? await stateOrNull(sql, given.database, signal) : null;
    const columns = await columnsOf(sql, given.target, signal);
    const tables: VerifiedTable[] = [];
    for (const wanted of selection.tables) {
      const of = (database: string) => ({ database, table: wanted.name });
      const sumOf = (database: string) =>
        readSums(sql, of(database), { columns: columns.get(wanted.name) ?? [], signal });
      const found = await compare(wanted, {
        mayBeWritten: !isBeside,
        copy: tableIn(copy, wanted.name),
        original: tableIn(original, wanted.name),
        sumCopy: () => sumOf(given.target),
        sumOriginal: () => sumOf(given.database),
        again: async () => tableIn(await stateOrNull(sql, given.database, signal), wanted.name),
      });
      tables.push({ table: wanted.name, ...found });
      log(`${wanted.name}: ${found.result}, ${found.why}`);
    }
    const bad = tables.filter(({ result }) => result === 'DIFFERENT');
    if (bad.length === 0) return { state: 'done', facts: { tables } };
    const message = bad.map(({ table, why }) => `${table}: ${why}`).join('; ');
    return {
      ...{
        state: 'blocked',
        code: 'POSTCHECK_FAILED',
        message: `${count(bad.length, 'table')} came back otherwise: ${message}`,
      },
      ...{ hint: 'What was restored is removed. Verify the backups with L1, then retry.', records: [] },
    };
  },
  undo: { nothing: 'It only looks.' },
});

type Sums = { readonly rows: string; readonly sums: string | null; readonly left: readonly string[] };
type Sides = {
  /** Others work with it already: what they wrote is not what came back otherwise. */
  readonly mayBeWritten: boolean;
  readonly copy: TableState | undefined;
  readonly original: TableState | undefined;
  readonly sumCopy: () => Promise<Sums>;
  readonly sumOriginal: () => Promise<Sums>;
  /** The original as it is after both were summed. */
  readonly again: () => Promise<TableState | undefined>;
};
type Compared = Omit<VerifiedTable, 'table'>;

async function compare(wanted: TableState, sides: Sides): Promise<Compared> {
  const touched = sides.mayBeWritten && sides.copy !== undefined ? whyTouched(wanted, sides.copy) : null;
  const why = touched === null ? whyNotRestored(wanted, sides.copy) : whyMissing(wanted, sides.copy);
  if (why !== null) return { result: 'DIFFERENT', why, rows: null };
  if (wanted.type === 'VIEW') return { result: 'COUNTED', why: 'a view has no rows of its own', rows: null };
  const own = await sides.sumCopy();
  const { rows } = own;
  const unknown = wanted.partitions.filter(({ version, isTemporary }) => version === null && !isTemporary).length;
  const unseen = unknown === 0 ? '' : `; the backup does not say the version of ${count(unknown, 'partition')}`;
  const counted = (reason: string): Compared => ({
    ...{
      result: 'COUNTED',
      why: `${count(Number(rows), 'row')}; not compared, since ${reason}${unseen}${touched === null ? '' : `; ${touched}`}`,
      rows,
    },
  });
  if (sides.original === undefined)
    return counted(sides.mayBeWritten ? 'the table that it was is gone' : 'the original is not there');
  if (!isUnchanged(wanted, sides.original)) return counted('the original has changed since');
  const other = await sides.sumOriginal();
  if (!isUnchanged(wanted, await sides.again())) return counted('the original changed meanwhile');
  if (other.rows !== rows)
    return { result: 'DIFFERENT', why: `${rows} rows, and the original has ${other.rows}`, rows };
  if (other.sums !== own.sums) return { result: 'DIFFERENT', why: `${rows} rows with another checksum`, rows };
  if (own.sums === null && rows !== '0') return counted('no column of it can be summed');
  const left = own.left.length === 0 ? '' : `, without the columns ${own.left.join(', ')}`;
  return { result: 'SAME', why: `${count(Number(rows), 'row')} with the checksum of the original${left}`, rows };
}

type Column = { readonly name: string; readonly type: string };

/** Of these types no text says what is in them: they are not summed, and said so. */
const withoutText = /^(bitmap|hll|percentile|array|map|struct|varbinary|binary|variant)/i;

async function readSums(
  sql: SqlReader,
  of: { database: string; table: string },
  { columns, signal }: { columns: readonly Column[]; signal: AbortSignal },
): Promise<Sums> {
  const summed = columns.filter(({ type }) => !withoutText.test(type)).map(({ name }) => name);
  const statement = sumTable(of, { columns: summed, timeoutSeconds: queryTimeoutSeconds });
  const [row] = await sql.query(statement, { signal, timeoutMs: (queryTimeoutSeconds + 60) * 1_000 });
  if (row?.ROW_COUNT === undefined || row.ROW_COUNT === null)
    throw new AppError('SQL_FAILED', `StarRocks did not say how many rows ${of.table} has`);
  const { ROW_COUNT: rows, SUM_A: a = null, SUM_B: b = null } = row;
  const left = columns.filter(({ name }) => !summed.includes(name)).map(({ name, type }) => `${name} (${type})`);
  return { rows, sums: a === null || b === null ? null : `${a} ${b}`, left };
}

async function columnsOf(
  sql: SqlReader,
  database: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Column[]>> {
  const rows = await sql.query(showColumns(database), { signal, route: 'leader', timeoutMs: 60_000 });
  const columns = rows.map((row) => ({
    ...{ table: row.TABLE_NAME ?? '', name: row.COLUMN_NAME ?? '', type: row.COLUMN_TYPE ?? '' },
    at: Number(row.ORDINAL_POSITION),
  }));
  return Map.groupBy(
    columns.toSorted((a, b) => a.at - b.at),
    ({ table }) => table,
  );
}

async function stateOf(sql: SqlReader, database: string, signal: AbortSignal): Promise<DatabaseState> {
  return (await readDatabaseState(sql, database, { signal })).state;
}

/** Nothing is compared with what cannot be read. */
async function stateOrNull(sql: SqlReader, database: string, signal: AbortSignal): Promise<DatabaseState | null> {
  try {
    return await stateOf(sql, database, signal);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_FAILED' && !error.retryable) return null;
    throw error;
  }
}

function tableIn(state: DatabaseState | null, name: string): TableState | undefined {
  return state?.tables.find((table) => table.name === name);
}
