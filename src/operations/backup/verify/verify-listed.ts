import { parseSnapshots } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showSnapshot } from '../../../adapters/starrocks/statements.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { differenceOfPlace } from '../repositories/find-mounted.ts';
import {
  ask,
  conclude,
  findBackup,
  findResult,
  nothingToSee,
  patienceMs,
  verifyFacts,
  verifyParams,
} from './result.ts';
import type { Verdict } from './verdict.ts';

/**
 * L0: the repository lists the snapshot, under the timestamp that a RESTORE needs. A repository that cannot be asked for ten
 * minutes tells nothing: the step is done, and what it records is no pass.
 */
export const verifyListed = defineStep({
  kind: 'verifyListed',
  params: verifyParams,
  about: ({ repository }) => ({ kind: 'repository', id: repository, label: repository }),
  effect: 'looks',
  ports: ['sql', 'catalogue'],
  facts: verifyFacts,
  timeoutMs: 2 * patienceMs,
  repeat: 'safe',
  describe: ({ repository, database }) => `See that ${repository} lists the backup of ${database}`,
  check: (given, { catalogue }, context) => findResult('L0', given, { catalogue, context }),
  apply: async (given, { sql, catalogue }, context) => {
    const backup = await findBackup(given, catalogue, context);
    const { snapshot, backupTimestamp: timestamp, repository, location } = backup;
    if (snapshot === null) return nothingToSee(context);
    const verdict = await ask(context, async () => {
      const listed = await isListed(sql, { repository, snapshot, timestamp }, context.signal);
      if (listed.passed !== false || location === null) return listed;
      // What is missing elsewhere is not missing: a repository of the same name may have been made in another place.
      const elsewhere = await differenceOfPlace(sql, { name: repository, location }, context.signal);
      return elsewhere === null ? listed : { passed: null, message: `It cannot be looked for: ${elsewhere}.` };
    });
    return conclude({ backup, level: 'L0', verdict }, context);
  },
  undo: { nothing: 'It only reads.' },
});

type Wanted = { readonly repository: string; readonly snapshot: string; readonly timestamp: string | null };

/** Throws what the cluster throws, and `SQL_FAILED` when it says that it could not read the repository. */
async function isListed(sql: SqlReader, wanted: Wanted, signal: AbortSignal): Promise<Verdict> {
  const { repository, snapshot, timestamp } = wanted;
  // Listing a bucket may take long.
  const rows = parseSnapshots(await sql.query(showSnapshot(wanted), { signal, timeoutMs: 60_000 }));
  const row = rows.find((each) => each.snapshot === snapshot);
  // A file that is still being written is listed as `Invalid: __info_….part`.
  const timestamps = row?.timestamps.filter((each) => /^[\d-]+$/.test(each)) ?? [];
  if (row !== undefined && !/^(OK|ERROR: no snapshot)$/i.test(row.status))
    throw new AppError('SQL_FAILED', `${repository}: ${row.status}`, { retryable: true });
  if (row === undefined || timestamps.length === 0)
    return { passed: false, message: `${repository} does not list ${snapshot}: ${row?.status ?? 'no row'}.` };
  if (timestamp !== null && !timestamps.includes(timestamp))
    return {
      passed: false,
      message: `${repository} lists ${snapshot} with the timestamp ${timestamps.join(', ')} and not ${timestamp}.`,
    };
  return { passed: true, message: `${repository} lists it, timestamp ${timestamp ?? timestamps.join(', ')}.` };
}
