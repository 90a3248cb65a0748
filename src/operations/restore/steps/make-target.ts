import { createDatabase } from '../../../adapters/starrocks/restore-statements.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofTarget, restoreParams } from '../params.ts';
import { findDatabaseId, listTables } from '../read-copy.ts';
import { readSelection } from '../read-selection.ts';
import { madeFacts, removeCopy } from './remove-copy.ts';

/**
 * Makes the database that is filled. RESTORE would make it too, from 3.4 on, and leave it behind when it fails; so it is made
 * here, under a name that nothing had, and its id is remembered: only the database of this id is ever removed.
 */
export const makeTarget = defineStep({
  kind: 'makeTarget',
  params: restoreParams,
  about: ofTarget,
  effect: 'changes',
  leaves: 'a database',
  ports: ['sql', 'catalogue'],
  facts: madeFacts,
  timeoutMs: 120_000,
  settleMs: 10_000,
  repeat: 'safe', // a second CREATE DATABASE of the name is refused
  describe: ({ target }) => `Make the database ${target}`,
  check: async (given, { sql, catalogue }, { signal, attempts }) => {
    const { target } = given;
    const databaseId = await findDatabaseId(sql, target, signal);
    if (databaseId === null) return { state: 'todo' };
    // Before CREATE DATABASE was ever sent, and once something stands in it, it is somebody else's.
    const isOurs = attempts > 0 && (await listTables(sql, target, signal)).length === 0;
    if (isOurs) {
      const { tables } = (await readSelection(catalogue, given)).selection;
      return { state: 'done', facts: { databaseId, objects: tables.map(({ name, type }) => ({ name, type })) } };
    }
    return {
      ...{ state: 'blocked', code: 'ALREADY_EXISTS', message: `The database ${target} is there already` },
      hint: 'Ask again with another name; nothing was done to it.',
    };
  },
  apply: async ({ target }, { sql }, { signal }) => {
    await sql.query(createDatabase(target), { signal, route: 'leader', timeoutMs: 30_000 });
  },
  undo: { steps: (params) => [removeCopy.with(params)] },
  recover: (params) => [removeCopy.with(params)],
});
