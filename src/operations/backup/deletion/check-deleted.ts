import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { count } from '../../../domain/words.ts';
import type { PlannedStep } from '../../define.ts';
import { countObjects, prefixOf } from './count-objects.ts';
import { removeBackupObjects } from './steps.ts';

const removed = z.object({ backupId: z.string(), repository: z.string(), snapshot: z.string().nullable() });

/** Passes when the history says of every backup that it is deleted, and its repository holds nothing under its name. */
export async function checkDeleted(
  steps: readonly PlannedStep[],
  { catalogue, objects, clusterId, signal }: Pick<Reading, 'catalogue' | 'objects' | 'clusterId' | 'signal'>,
): Promise<PostCheck> {
  const wrong: string[] = [];
  const parsed = steps
    .filter(({ kind }) => kind === removeBackupObjects.kind)
    .map(({ params }) => removed.parse(params));
  for (const { backupId, repository, snapshot } of parsed) {
    const backup = await catalogue.find(backupId);
    if (backup?.state !== 'DELETED')
      wrong.push(`${snapshot ?? backupId} is ${backup?.state ?? 'gone from the history'}`);
    const isReached = (await catalogue.findRepository(clusterId, repository))?.access != null;
    if (snapshot === null || !isReached) continue;
    const left = await countObjects(await objects(repository), prefixOf(snapshot), signal);
    if (left.objects > 0) wrong.push(`${count(left.objects, 'object')} of ${snapshot} are in ${repository}`);
  }
  return {
    passed: wrong.length === 0,
    facts: { deleted: parsed.length - wrong.length },
    checks: [
      {
        name: 'backups-deleted',
        status: wrong.length === 0 ? 'PASS' : 'FAIL',
        severity: 'BLOCK',
        observed:
          wrong.length === 0 ? `${count(parsed.length, 'backup')} deleted, nothing of them left` : wrong.join('; '),
        wanted: 'deleted in the history and in the repository',
        hint: 'Look at the repository in the object store; ask for the deletion again.',
      },
    ],
  };
}
