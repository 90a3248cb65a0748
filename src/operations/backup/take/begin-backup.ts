import { z } from 'zod';
import { parseFrontends, parseRepositories } from '../../../adapters/starrocks/parse.ts';
import { showFrontends, showRepositories } from '../../../adapters/starrocks/statements.ts';
import { newId } from '../../../ids.ts';
import { defineStep } from '../../../steps/define.ts';
import { ofDatabase, takeParams } from './params.ts';

/** Opens the row in our own history, so that a backup that breaks off is listed as broken instead of missing. */
export const beginBackup = defineStep({
  kind: 'beginBackup',
  params: takeParams,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  facts: z.object({ backupId: z.string() }),
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ database, repository }) => `Open the record of a backup of ${database} into ${repository}`,
  check: async ({ database }, { catalogue }, { runId, attempts }) => {
    // Before the first attempt an open row is one that an earlier try has left.
    const row = attempts === 0 ? null : await catalogue.findOfRun(runId, database);
    return row?.state === 'SCHEDULED' ? { state: 'done', facts: { backupId: row.id } } : { state: 'todo' };
  },
  apply: async ({ database, repository, kind, policyId, tier, objects }, { sql }, { signal }) => {
    const [frontend] = parseFrontends(await sql.query(showFrontends(), { signal }));
    const repositories = parseRepositories(await sql.query(showRepositories(), { signal }));
    const location = repositories.find(({ name }) => name === repository)?.location ?? null;
    const origin = frontend === undefined || frontend.clusterId === '' ? null : frontend.clusterId;
    const backupId = newId('bak');
    return {
      state: 'done',
      facts: { backupId },
      records: [
        {
          record: 'backupBegun',
          backup: {
            ...{ id: backupId, database, repository, location, kind, origin, policyId, tier },
            isSelection: objects !== null,
          },
        },
      ],
    };
  },
  undo: { nothing: 'History stays.' },
});
