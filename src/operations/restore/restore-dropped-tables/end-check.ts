import type { Reading } from '../../../adapters/reading.ts';
import { showTableConfig } from '../../../adapters/starrocks/statements.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { type NamedCheck, verdict } from '../../../domain/verdict.ts';
import type { EndedRun, OtherEnding } from '../../define.ts';
import { propertyOf } from '../observe.ts';
import { findDatabaseId, readTableIds } from '../read-copy.ts';
import { bringBackTables } from './steps/bring-back-tables.ts';

type Asked = { readonly database: string; readonly tables: readonly string[] };
type Reader = Pick<Reading, 'sql' | 'signal'>;

/** Which of the tables make and drop no partitions by themselves, by their setting as it is now. */
export async function checkSwitchedOff(
  { database, tables }: Asked,
  { sql, signal }: Reader,
): Promise<readonly NamedCheck[]> {
  const rows = await sql.query(showTableConfig({ database }), { signal, route: 'leader', timeoutMs: 60_000 });
  return rows
    .filter(({ TABLE_NAME }) => tables.includes(TABLE_NAME ?? ''))
    .filter(({ PROPERTIES }) => propertyOf(PROPERTIES, 'dynamic_partition.enable') === 'false')
    .map(({ TABLE_NAME }) =>
      verdict(`dynamic partitions of ${TABLE_NAME}`, 'WARN', false, {
        observed: 'switched off: no new partitions are made, and no old ones dropped',
        wanted: 'as they were, once somebody has looked at the table',
        hint: `ALTER TABLE ${database}.${TABLE_NAME} SET ('dynamic_partition.enable' = 'true') drops at once what is older than it keeps.`,
      }),
    );
}

/** Which of the names are taken, where a run has begun to restore and has not succeeded. */
export async function checkNothingLeft(
  { database, tables }: Asked,
  { sql, signal }: Reader,
  { ending, steps }: EndedRun & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  const begun = steps.some(
    ({ kind, phase, state }) => kind === bringBackTables.kind && phase === 'do' && state !== 'pending',
  );
  const id = await findDatabaseId(sql, database, signal);
  const ids = id === null ? new Map<string, string>() : await readTableIds(sql, id, signal);
  const left = tables.filter((name) => ids.has(name));
  const check = verdict('names-free', ending === 'UNDONE' ? 'BLOCK' : 'WARN', !begun || left.length === 0, {
    observed: left.length === 0 ? 'none of the tables stands there' : `${left.join(', ')} stands in ${database}`,
    wanted: 'nothing that was restored in half',
    hint: 'Look whether it is whole before anybody works with it: it may be of this run, or of somebody else.',
  });
  return { passed: check.status === 'PASS', checks: [check], facts: { database } };
}
