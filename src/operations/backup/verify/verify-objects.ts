import { z } from 'zod';
import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import type { Backup } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import type { Repository } from '../../../domain/backup/repository.ts';
import { isSameLocation } from '../../../domain/backup/store-location.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { checkObjects, type ObjectsFound, type ObjectsToCheck } from './check-objects.ts';
import { ask, conclude, findBackup, findResult, nothingToSee, verifyFacts, verifyParams } from './result.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const gibibyte = 1_073_741_824;
/** What is read of a backup by the policy that took it: its lane holds the cluster's lock meanwhile. */
export const readGibByPolicy = 64;

/**
 * L1: every object of the snapshot's manifest is there, with the MD5 that its name says. Content is read where the store does
 * not know its MD5, at most so much; what was not read leaves it open. A store that cannot be asked for ten minutes leaves
 * it open too.
 */
export const verifyObjects = defineStep({
  kind: 'verifyObjects',
  params: verifyParams.extend({ readGib: z.int().min(0) }),
  about: ({ repository }) => ({ kind: 'repository', id: repository, label: repository }),
  effect: 'looks',
  ports: ['objects', 'catalogue'],
  facts: verifyFacts,
  timeoutMs: 24 * 3_600_000,
  repeat: 'safe',
  abortable: true,
  describe: ({ repository, database }) =>
    `Compare the objects of the backup of ${database} in ${repository} with its manifest`,
  check: (given, { catalogue }, context) => findResult('L1', given, { catalogue, context }),
  apply: async (given, { objects, catalogue }, context) => {
    const backup = await findBackup(given, catalogue, context);
    const { snapshot, backupTimestamp: timestamp } = backup;
    if (snapshot === null) return nothingToSee(context);
    if (timestamp === null) {
      const message = 'The timestamp under which it can be restored is not known, so its manifest cannot be found.';
      return conclude({ backup, level: 'L1', verdict: { passed: null, message } }, context);
    }
    const remembered = await catalogue.readObjectSums(backup.id);
    const what = { snapshot, timestamp, readAtMostBytes: given.readGib * gibibyte, remembered };
    const elsewhere = whyElsewhere(backup, await catalogue.findRepository(context.clusterId, backup.repository));
    if (elsewhere !== null)
      return conclude({ backup, level: 'L1', verdict: { passed: null, message: elsewhere } }, context);
    const found = await ask(context, async () => {
      const reader = await openObjects(objects, backup.repository);
      return 'passed' in reader ? reader : await checkOrDamaged(reader, what, context);
    });
    const verdict = 'passed' in found ? found : verdictOf(found);
    if (verdict.passed === false && (await isBeingDeleted(catalogue, backup.id)))
      return conclude({ backup, level: 'L1', verdict: deletedMeanwhile }, context);
    if ('passed' in found) return conclude({ backup, level: 'L1', verdict }, context);
    const { objects: count, bytes, sums } = found;
    return conclude(
      { backup, level: 'L1', verdict, objects: count, bytes, ...(remembered === null ? { sums } : {}) },
      context,
    );
  },
  undo: { nothing: 'It only reads.' },
});

/** Why its objects are not to be looked for where its repository is now; null = they are. */
function whyElsewhere(
  { repository, location }: Pick<Backup, 'repository' | 'location'>,
  known: Pick<Repository, 'location'> | null,
): string | null {
  if (known === null || location === null || isSameLocation(known.location, location)) return null;
  return `It cannot be looked for: ${repository} is at ${known.location}, and was at ${location} when it was made.`;
}

const deletedMeanwhile: Verdict = { passed: null, message: 'It is being deleted, so its objects go away.' };

async function isBeingDeleted(catalogue: BackupCatalogue, id: string): Promise<boolean> {
  const state = (await catalogue.find(id))?.state;
  return state === undefined || state === 'DELETING' || state === 'DELETED';
}

/** A repository that is not under management cannot be reached, which tells nothing of the backup. */
async function openObjects(
  objects: (repository: string) => Promise<ObjectReader>,
  repository: string,
): Promise<ObjectReader | Verdict> {
  try {
    return await objects(repository);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error;
    return { passed: null, message: `Starwarden cannot look at the objects: ${error.message}` };
  }
}

/** A manifest that is gone or damaged says that the backup is not whole. */
async function checkOrDamaged(
  reader: ObjectReader,
  what: ObjectsToCheck,
  watching: Parameters<typeof checkObjects>[2],
): Promise<ObjectsFound | Verdict> {
  try {
    return await checkObjects(reader, what, watching);
  } catch (error) {
    const isDamaged = error instanceof AppError && (error.code === 'BACKUP_DAMAGED' || error.code === 'NOT_FOUND');
    if (!isDamaged) throw error;
    return { passed: false, message: `The backup is not whole: ${error.message}.` };
  }
}
