import { z } from 'zod';
import type { RestoreJobRow } from '../../../../domain/topology.ts';
import { defineStep } from '../../../../steps/define.ts';
import { ofTarget, restoreParams } from '../../params.ts';
import { findDatabaseId, findRestore, readTableIds } from '../../read-copy.ts';
import { readSelection } from '../../read-selection.ts';

const job = z.object({ label: z.string(), timestamp: z.string(), createdAt: z.string() });

/** The database as it was before the first RESTORE: its id, and the last restore that it had, which is not ours. */
export const freeFacts = z.object({ databaseId: z.string(), before: job.nullable() });
export type FreeFacts = z.infer<typeof freeFacts>;

/** Whether a job of the database is the one that it had before this run sent anything. */
export function isEarlier(found: RestoreJobRow, { before }: FreeFacts): boolean {
  return (
    before !== null &&
    before.label === found.label &&
    before.timestamp === found.timestamp &&
    before.createdAt === found.createdAt
  );
}

/** Looks whether all names are free right before the first RESTORE, and remembers by what this run's own job is told from others. */
export const noteFreeNames = defineStep({
  kind: 'noteFreeNames',
  params: restoreParams,
  about: ofTarget,
  effect: 'looks',
  ports: ['sql', 'catalogue'],
  facts: freeFacts,
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: ({ target }) => `Look whether the names are free in ${target}`,
  check: async (given, { sql, catalogue }, { signal }) => {
    const { target } = given;
    const databaseId = await findDatabaseId(sql, target, signal);
    if (databaseId === null)
      return {
        ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: `The database ${target} is not there any more` },
        hint: 'restoreDatabase brings it back beside, under another name.',
      };
    const { selection } = await readSelection(catalogue, given);
    const standing = await readTableIds(sql, databaseId, signal);
    const taken = selection.tables.map(({ name }) => name).filter((name) => standing.has(name));
    if (taken.length > 0)
      return {
        ...{ state: 'blocked', code: 'ALREADY_EXISTS', message: `${taken.join(', ')} stands in ${target} by now` },
        hint: 'This step did nothing to it. If an earlier try of this run brought it back in half, drop it first; restoreTables restores beside what stands.',
      };
    const last = await findRestore(sql, target, signal);
    const before = last === null ? null : { label: last.label, timestamp: last.timestamp, createdAt: last.createdAt };
    return { state: 'done', facts: { databaseId, before } };
  },
  undo: { nothing: 'It only looks.' },
});
