import { z } from 'zod';
import type { SqlReader } from '../../../../adapters/starrocks/port.ts';
import { showPartitions } from '../../../../adapters/starrocks/statements.ts';
import type { Check } from '../../../../domain/next-action.ts';
import { AppError } from '../../../../errors.ts';
import { defineStep } from '../../../../steps/define.ts';
import { findRunningJob } from '../../../backup/take/await-turn.ts';
import { follow, isOf, waitFor } from '../../follow-job.ts';
import { type OwnPart, ownPart, statementOf } from '../../own-part.ts';
import { ofTarget, restoreParams, sides } from '../../params.ts';
import { findDatabaseId, findRestore, isOver, readTableIds } from '../../read-copy.ts';
import { cancelOurs } from '../../steps/cancel-ours.ts';
import { type BroughtFacts, brought, broughtFacts } from './brought-facts.ts';
import { isEarlier, noteFreeNames } from './note-free-names.ts';

const params = restoreParams.extend({ side: z.enum(sides) });

/**
 * Sends RESTORE of what one backup brings into the database that the tables were dropped from, and follows its job. RESTORE
 * writes over a table that stands there, so the names are looked at right before it, each time that it is sent. A job is this
 * run's own if it is of the same snapshot, is not the one that was there before, and RESTORE was sent.
 *
 * No table is dropped again, whatever becomes of the run: others may have written to it by then, and a table that is dropped takes the
 * place of the one of its name in the recycle bin, which RECOVER TABLE could still bring back with all of its rows.
 */
export const bringBackTables = defineStep({
  kind: 'bringBackTables',
  params,
  about: ofTarget,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  needs: { free: [noteFreeNames], earlier: [brought] },
  facts: broughtFacts,
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // one job runs in a database at a time, and nothing is sent where a table stands that is not this run's
  describe: ({ side, target }) =>
    side === 'full' ? `Restore into ${target} from the full backup` : `Restore what changed since into ${target}`,
  check: async (given, { sql, catalogue }, context) => {
    const { signal, attempts, found } = context;
    const { target } = given;
    const databaseId = found.free?.databaseId;
    if (found.free === null || databaseId === undefined || (await findDatabaseId(sql, target, signal)) !== databaseId)
      return {
        ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: `${target} is not the database that it was` },
        hint: 'Somebody dropped it meanwhile. Look what stands there, then ask again.',
      };
    const part = await ownPart(catalogue, given);
    const job = await findRestore(sql, target, signal);
    const isOurs = attempts > 0 && job !== null && isOf(job, part.backup) && !isEarlier(job, found.free);
    if (!isOurs) {
      if (job !== null && !isOver(job)) return waitFor(job);
      const other = await findRunningJob(sql, target, signal);
      if (other !== null)
        return {
          state: 'moving',
          progress: { completed: 0, total: null, message: `Waits for ${other.what} (${other.state})` },
          wakeAfterMs: 5_000,
        };
      return (await whyNot(sql, part, { databaseId, target, earlier: found.earlier, signal })) ?? { state: 'todo' };
    }
    if (job.state !== 'FINISHED') return follow(job, context);
    const ids = await readTableIds(sql, databaseId, signal);
    const made = part.objects
      .filter(({ isNew }) => isNew)
      .flatMap(({ name, type }) => {
        const id = ids.get(name);
        return id === undefined ? [] : [{ name, type, id }];
      });
    const wanted = part.objects.filter(({ isNew }) => isNew).length;
    if (made.length < wanted)
      return {
        ...{ state: 'blocked', code: 'PRECONDITION_FAILED' },
        message: `Only ${made.length} of ${wanted} tables stand in ${target} after the restore`,
        hint: 'Somebody dropped the others meanwhile, or another restore of the same backup ran. Look what stands there.',
      };
    return { state: 'done', facts: { databaseId, tables: [...(found.earlier?.tables ?? []), ...made] } };
  },
  apply: async (given, { sql, catalogue }, { found, signal }) => {
    const { target } = given;
    const databaseId = found.free?.databaseId ?? '';
    const part = await ownPart(catalogue, given);
    const statement = statementOf(part, given);
    // Right before the statement, which writes over what stands.
    const bad = await whyNot(sql, part, { databaseId, target, earlier: found.earlier, signal });
    if (bad?.state === 'blocked') throw new AppError(bad.code, bad.message, { hint: bad.hint });
    if ((await findDatabaseId(sql, target, signal)) !== databaseId)
      throw new AppError('PRECONDITION_FAILED', `${target} is not the database that it was`);
    try {
      await sql.query(statement, { signal, route: 'leader', timeoutMs: 120_000 });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      const other = await findRunningJob(sql, target, signal);
      if (other === null) throw error;
      // It may be an earlier one of ours, whose answer was lost: the next look tells.
      const message = `${other.what} (${other.state}) runs in ${target}`;
      throw new AppError('SQL_FAILED', message, { hint: 'Its end is waited for.', retryable: true });
    }
  },
  stop: async (given, { sql, catalogue }, { found, signal, attempts }) => {
    const { free } = found;
    if (free === null || attempts === 0) return;
    const { backup } = await ownPart(catalogue, given);
    const isOurs = (job: Parameters<typeof isEarlier>[0]) => isOf(job, backup) && !isEarlier(job, free);
    await cancelOurs(sql, { target: given.target, databaseId: free.databaseId }, { isOurs, signal });
  },
  undo: {
    impossible: 'Others may have written to the tables since: look at them, and drop them by hand if nobody did',
  },
});

type Where = {
  readonly databaseId: string;
  readonly target: string;
  readonly earlier: BroughtFacts | null;
  readonly signal: AbortSignal;
};

/** Why RESTORE of the part would write over something; null = it writes over nothing. */
async function whyNot(
  sql: SqlReader,
  { objects }: OwnPart,
  { databaseId, target, earlier, signal }: Where,
): Promise<Extract<Check<never>, { state: 'blocked' }> | null> {
  const ids = await readTableIds(sql, databaseId, signal);
  const blocked = (message: string) =>
    ({ state: 'blocked', code: 'ALREADY_EXISTS', message, hint: 'Nothing was done to it.' }) as const;
  const split = objects.filter(({ isNew }) => !isNew);
  for (const { name, isNew } of objects) {
    const own = earlier?.tables.find((table) => table.name === name)?.id;
    if (isNew && ids.has(name)) return blocked(`${name} stands in ${target} by now`);
    if (!isNew && (own === undefined || ids.get(name) !== own))
      return blocked(`${name} in ${target} is not the table that was brought back`);
  }
  if (split.length === 0) return null;
  const rows = await sql.query(showPartitions(target), { signal, route: 'leader', timeoutMs: 60_000 });
  const made = rows.find((row) =>
    split.some(({ name, partitions }) => row.TABLE_NAME === name && partitions?.includes(row.PARTITION_NAME ?? '')),
  );
  return made === undefined ? null : blocked(`${made.TABLE_NAME} has a partition ${made.PARTITION_NAME} by now`);
}
