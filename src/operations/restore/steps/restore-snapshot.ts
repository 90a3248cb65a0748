import { z } from 'zod';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { follow, isOf, waitFor } from '../follow-job.ts';
import { ownPart, statementOf } from '../own-part.ts';
import { ofTarget, restoreParams, sides } from '../params.ts';
import { findDatabaseId, findRestore, isOver, listTables } from '../read-copy.ts';
import { cancelOurs } from './cancel-ours.ts';
import { makeTarget } from './make-target.ts';

const params = restoreParams.extend({ side: z.enum(sides) });

/**
 * Sends RESTORE of what one backup brings, and follows its job at the leader. The job is recognised by database, snapshot and
 * timestamp: in a database that this run made there is no other of these. Where it is not listed any more, the statement is
 * sent again, since StarRocks writes a job down before it answers.
 */
export const restoreSnapshot = defineStep({
  kind: 'restoreSnapshot',
  params,
  about: ofTarget,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  needs: { made: [makeTarget] },
  timeoutMs: ({ timeoutSeconds }) => (timeoutSeconds + 300) * 1_000,
  settleMs: 10_000,
  repeat: 'safe', // one job runs in a database at a time, and what a finished one has made is the same again
  describe: ({ side, database, target }) =>
    side === 'full'
      ? `Restore ${database} into ${target} from the full backup`
      : `Restore what changed since into ${target}`,
  check: async (given, { sql, catalogue }, context) => {
    const { signal, attempts } = context;
    const { target } = given;
    const databaseId = context.found.made?.databaseId;
    if (databaseId === undefined || (await findDatabaseId(sql, target, signal)) !== databaseId)
      return {
        ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: `The database ${target} is not there any more` },
        hint: 'Somebody dropped it meanwhile. Retry the run: it is made anew.',
      };
    const { backup, objects } = await ownPart(catalogue, given);
    const job = await findRestore(sql, target, signal);
    if (job === null || !isOf(job, backup) || attempts === 0) {
      if (attempts > 0) return { state: 'todo' };
      if (job !== null && !isOver(job)) return waitFor(job);
      const standing = new Set(await listTables(sql, target, signal));
      const clash = objects.find(({ name, isNew }) => isNew && standing.has(name));
      if (clash === undefined) return { state: 'todo' };
      return {
        ...{ state: 'blocked', code: 'ALREADY_EXISTS', message: `${clash.name} stands in ${target} already` },
        hint: 'Somebody made it there meanwhile; nothing was done to it. Retry the run.',
      };
    }
    if (job.state === 'FINISHED') return { state: 'done' };
    return follow(job, context);
  },
  apply: async (given, { sql, catalogue }, { signal, attempts }) => {
    const { target } = given;
    const part = await ownPart(catalogue, given);
    const { backup } = part;
    const statement = statementOf(part, given);
    try {
      await sql.query(statement, { signal, route: 'leader', timeoutMs: 120_000 });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      // An earlier RESTORE of ours, whose answer was lost with its leader, may have arrived after we looked for it.
      const job = await findRestore(sql, target, signal);
      if (job === null || isOver(job)) throw error;
      if (attempts > 0 && isOf(job, backup)) return;
      throw new AppError(
        'SQL_FAILED',
        `Waits for the restore of ${job.label} (${job.state}), which began before ours`,
        {
          hint: 'Its end is waited for.',
          retryable: true,
        },
      );
    }
  },
  stop: async (given, { sql, catalogue }, { found, signal }) => {
    const { backup } = await ownPart(catalogue, given);
    await cancelOurs(
      sql,
      { ...given, databaseId: found.made?.databaseId ?? null },
      { isOurs: (job) => isOf(job, backup), signal },
    );
  },
  undo: { nothing: 'It goes with the database that was made for it.' },
});
