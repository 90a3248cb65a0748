import type { Reading } from '../../adapters/reading.ts';
import type { PostCheck } from '../../domain/run.ts';
import { type NamedCheck, verdict } from '../../domain/verdict.ts';
import type { EndedRun, OtherEnding } from '../define.ts';
import { findDatabaseId, listTables } from './read-copy.ts';
import { verifyRestored } from './steps/verify-restored.ts';

/** One line for each table that was compared, with what was found; and that the copies stand there still. */
export async function checkRestored(
  target: string,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps }: EndedRun,
): Promise<PostCheck> {
  const verified = steps.findLast(({ kind }) => kind === verifyRestored.kind);
  const tables = verifyRestored.readFacts(verified?.facts ?? null)?.tables ?? [];
  const isThere = (await findDatabaseId(sql, target, signal)) !== null;
  const standing = new Set(isThere ? await listTables(sql, target, signal) : []);
  const checks = tables.map(({ table, result, why }): NamedCheck => {
    const observed = standing.has(table) ? `${result}: ${why}` : 'not there any more';
    return verdict(`restored ${table}`, 'BLOCK', standing.has(table) && result !== 'DIFFERENT', {
      ...{ observed, wanted: 'the same as in the backup' },
      hint: 'Look who changed it meanwhile, or restore it again.',
    });
  });
  const passed = checks.length > 0 && checks.every(({ status }) => status === 'PASS');
  return {
    passed,
    checks,
    facts: { target, tables: tables.length, same: tables.filter(({ result }) => result === 'SAME').length },
  };
}

/** Whether what the run made is gone. What somebody else put into it is theirs, and keeps the database. */
export async function checkRemoved(
  target: string,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { ending, steps }: EndedRun & { readonly ending: OtherEnding },
): Promise<PostCheck> {
  const begun = steps.some(({ kind, phase, state }) => kind === 'makeTarget' && phase === 'do' && state !== 'pending');
  const isThere = (await findDatabaseId(sql, target, signal)) !== null;
  const left = isThere ? await listTables(sql, target, signal) : [];
  const observed = !isThere ? 'not there' : left.length === 0 ? 'there, and empty' : `there, with ${left.join(', ')}`;
  const check = verdict('copy-removed', ending === 'UNDONE' ? 'BLOCK' : 'WARN', !begun || !isThere, {
    ...{ observed, wanted: `no database ${target}` },
    hint: `Look at what stands in ${target}, and drop it if it is of no use.`,
  });
  return { passed: check.status === 'PASS', checks: [check], facts: { target } };
}
