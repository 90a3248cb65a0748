import { z } from 'zod';
import type { ObjectStore } from '../../../adapters/object-store/port.ts';
import { readRunningJobs } from '../../../adapters/starrocks/read-jobs.ts';
import type { Backup } from '../../../domain/backup/backup.ts';
import { whyNotDelete } from '../../../domain/backup/deletion.ts';
import type { Check } from '../../../domain/next-action.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type ReadingPorts, type StepContext } from '../../../steps/define.ts';
import { repositoryInfo } from '../repositories/try-store.ts';
import { type Counted, countObjects, hasAppeared, prefixOf } from './count-objects.ts';
import { dropInStarRocks } from './drop-in-starrocks.ts';
import { observeRetention, readClusterFacts, readReach, whyNotArmed } from './observe.ts';

const blocked = (message: string, hint: string): Extract<Check, { state: 'blocked' }> => ({
  state: 'blocked',
  code: 'PRECONDITION_FAILED',
  message,
  hint,
});

/** Nothing is deleted while a RESTORE runs: it may be reading any snapshot, and no other user of one is known. */
export const checkNoRestore = defineStep({
  kind: 'checkNoRestore',
  params: z.object({}),
  about: () => ({ kind: 'cluster', id: null, label: 'the cluster' }),
  effect: 'looks',
  ports: ['sql'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: () => 'See that no restore is running',
  check: async (_params, { sql }, { signal }) => {
    const restores = (await readRunningJobs(sql, { signal })).filter((job) => job.endsWith('(restore)'));
    if (restores.length === 0) return { state: 'done' };
    return blocked(
      `A restore is running: ${restores.join(', ')}`,
      'Wait for its end; it may be reading what is to go.',
    );
  },
  undo: { nothing: 'It only reads.' },
});

/** A policy deletes only while it is armed for exactly what it says. */
export const checkArmed = defineStep({
  kind: 'checkArmed',
  params: z.object({ policyId: z.string(), name: z.string(), contentHash: z.string() }),
  about: () => ({ kind: 'cluster', id: null, label: 'the cluster' }),
  effect: 'looks',
  ports: ['catalogue'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name }) => `See that ${name} is armed for what it says`,
  check: async ({ policyId, name, contentHash }, { catalogue }) => {
    const policy = await catalogue.findPolicy(policyId);
    const [why] = policy === null ? [`${name} was removed`] : whyNotArmed(policy);
    if (why !== undefined) return blocked(why, 'Arm it with armBackupPolicy.');
    if (policy?.armed?.contentHash !== contentHash)
      return blocked(`${name} says something else now`, 'Ask for the deletion again.');
    return { state: 'done' };
  },
  undo: { nothing: 'It only reads.' },
});

const snapshotParams = z.object({
  backupId: z.string(),
  database: z.string(),
  repository: z.string(),
  /** Null = the backup has no objects, since nothing had changed. */
  snapshot: z.string().nullable(),
});

const countedShape = z.object({
  backupId: z.string(),
  objects: z.number(),
  bytes: z.number(),
  newestAt: z.string().nullable(),
});

/** Counts the objects of a backup: what is deleted afterwards is what was looked at here. */
export const countBackupObjects = defineStep({
  kind: 'countBackupObjects',
  params: snapshotParams,
  about: ({ repository }) => ({ kind: 'repository', id: repository, label: repository }),
  effect: 'looks',
  ports: ['objects', 'catalogue'],
  facts: countedShape,
  observed: ({ objects }) => count(objects, 'object'),
  timeoutMs: 3_600_000,
  repeat: 'safe',
  describe: ({ snapshot, database, repository }) =>
    snapshot === null
      ? `See that a backup of ${database} has no objects`
      : `Count the objects of ${snapshot} in ${repository}`,
  check: async ({ backupId, repository, snapshot }, { objects, catalogue }, { clusterId, signal, log }) => {
    const backup = await catalogue.find(backupId);
    if (backup === null) return blocked('The backup is not in the history any more', 'Nothing was deleted.');
    const nothing = { objects: 0, bytes: 0, newestAt: null };
    const isReached = (await catalogue.findRepository(clusterId, repository))?.access != null;
    if (snapshot === null || !isReached) return { state: 'done', facts: { backupId, ...nothing } };
    const store = await objects(repository);
    if ((await store.head(repositoryInfo, { signal })) === null)
      return blocked(
        `The store that Starwarden reaches for ${repository} holds no ${repositoryInfo}, so it may not be the one that the backup lies in`,
        'Look at its endpoint and bucket; take the repository over again with the right ones.',
      );
    const found = await countObjects(store, prefixOf(snapshot), signal);
    const strange = whatIsStrange(backup, found);
    if (strange !== null)
      return blocked(
        `${repository} has ${strange}`,
        'Look at them in the object store: what Starwarden does not know it does not delete.',
      );
    if (backup.objectCount !== null && found.objects < backup.objectCount)
      log(`${count(backup.objectCount - found.objects, 'object')} of ${snapshot} were gone already`);
    return { state: 'done', facts: { backupId, ...found } };
  },
  undo: { nothing: 'It only reads.' },
});

/** So much the store's clock may be ahead of ours, in ms. */
const clockToleranceMs = 3_600_000;

/**
 * Objects that cannot be the backup's own, as a sentence; null = there are none. One whose deletion broke off has fewer
 * than it had, so that there also their times count: what came meanwhile is still of somebody else.
 */
function whatIsStrange(
  { snapshot, state, objectCount, finishedAt }: Pick<Backup, 'snapshot' | 'state' | 'objectCount' | 'finishedAt'>,
  found: Counted,
): string | null {
  if (objectCount === null) return null; // it was never seen complete
  if (found.objects > objectCount)
    return `${found.objects} objects of ${snapshot}, but it was complete with ${objectCount}`;
  const isLater =
    found.newestAt !== null &&
    finishedAt !== null &&
    Date.parse(found.newestAt) > finishedAt.getTime() + clockToleranceMs;
  return state === 'DELETING' && isLater
    ? `an object of ${snapshot} that was written ${found.newestAt}, long after the backup was complete`
    : null;
}

type RemoveParams = z.infer<typeof removeParams>;
const removeParams = snapshotParams.extend({
  /** The policy on whose behalf it goes; null = a person asked for this backup. */
  policyId: z.string().nullable(),
  /** For the history, before more is known. */
  because: z.string(),
});

/** Everything that speaks against deleting is looked at again right before: the plan may have waited, and time has passed. */
export const removeBackupObjects = defineStep({
  kind: 'removeBackupObjects',
  params: removeParams,
  about: ({ repository }) => ({ kind: 'repository', id: repository, label: repository }),
  effect: 'changes',
  ports: ['objects', 'catalogue', 'sql'],
  needs: { counted: [countBackupObjects] },
  timeoutMs: 24 * 3_600_000,
  repeat: 'safe', // what is gone is not deleted again, and what is left is counted before
  abortable: true,
  describe: ({ snapshot, database, repository }) =>
    snapshot === null
      ? `Delete the backup of ${database} that has no objects`
      : `Delete ${snapshot} from ${repository}`,
  recordsBefore: ({ backupId, because }) => [{ record: 'backupDeleting', backupId, because }],
  check: async (params, ports, context) => {
    const backup = await ports.catalogue.find(params.backupId);
    if (backup === null || backup.clusterId !== context.clusterId)
      return blocked('The backup is not in the history any more', 'Nothing was deleted.');
    if (backup.state === 'DELETED') return { state: 'done' };
    if (backup.snapshot !== params.snapshot || backup.repository !== params.repository)
      return blocked('The history says something else of this backup now', 'Ask for the deletion again.');
    const reasons = await whyNotNow(params, ports, context);
    if (reasons[0] !== undefined) return reasons[0];
    const { snapshot, repository } = params;
    const isReached = (await ports.catalogue.findRepository(context.clusterId, repository))?.access != null;
    if (snapshot !== null && isReached) {
      // Before it is called DELETING: a backup that somebody writes to is not touched, and stays what it is.
      const counted = countedOf(params, context.found.counted);
      const now = await countObjects(await ports.objects(repository), prefixOf(snapshot), context.signal);
      if (hasAppeared(counted, now)) return blocked(appeared(snapshot, counted, now), howToGoOn);
    }
    return { state: 'todo' };
  },
  apply: async (params, { objects, catalogue, sql }, { clusterId, signal, log, found }) => {
    const { backupId, repository, snapshot, because } = params;
    const deleted = (what: string) =>
      ({ state: 'done', records: [{ record: 'backupDeleted', backupId, because: `${because}; ${what}` }] }) as const;
    if (snapshot === null) return deleted('it had no objects');
    const counted = countedOf(params, found.counted);
    const { hasDropSnapshot } = await readClusterFacts(sql, signal);
    const known = await catalogue.findRepository(clusterId, repository);
    const store = known?.access != null ? await objects(repository) : null;
    if (hasDropSnapshot) await dropInStarRocks(params, { sql, location: known?.location ?? null, store, signal, log });
    if (store === null) return deleted('StarRocks has dropped the snapshot');
    const { versionsKept } = await removeObjects(store, { snapshot, counted, signal, log });
    const still =
      versionsKept > 0 ? `; the bucket keeps older versions of ${versionsKept} of them, which take room` : '';
    return deleted(`${count(counted.objects, 'object')} with ${counted.bytes} bytes removed${still}`);
  },
  undo: { impossible: 'Deleted objects cannot be brought back' },
});

/**
 * First what makes StarRocks offer the snapshot, then the rest, and nothing that is newer than what was counted. Throws
 * when something is left.
 */
async function removeObjects(
  store: ObjectStore,
  {
    snapshot,
    counted,
    signal,
    log,
  }: { snapshot: string; counted: Counted; signal: AbortSignal; log: (line: string) => void },
): Promise<{ readonly versionsKept: number }> {
  const prefix = prefixOf(snapshot);
  let [gone, versionsKept] = [0, 0];
  for (const part of [`${prefix}__info_`, prefix]) {
    let keys: string[] = [];
    const before = gone;
    const flush = async () => {
      gone += keys.length;
      if (gone > counted.objects)
        throw new AppError('PRECONDITION_FAILED', appeared(snapshot, counted, { ...counted, objects: gone }), {
          hint: howToGoOn,
        });
      if (keys.length > 0) versionsKept += (await store.removeOfSnapshot(snapshot, keys, { signal })).versionsKept;
      keys = [];
    };
    for await (const { key, modifiedAt } of store.list(part, { signal })) {
      const isNewer =
        modifiedAt !== null && counted.newestAt !== null && modifiedAt.getTime() > Date.parse(counted.newestAt);
      if (isNewer) continue;
      keys.push(key);
      if (keys.length === 1_000) await flush();
    }
    await flush();
    log(`${count(gone - before, 'object')} removed under ${part}`);
  }
  const left = await countObjects(store, prefix, signal);
  if (left.objects === 0) return { versionsKept };
  throw new AppError('PRECONDITION_FAILED', appeared(snapshot, { ...counted, objects: 0 }, left), { hint: howToGoOn });
}

function appeared(snapshot: string, before: Counted, now: Counted): string {
  return `${prefixOf(snapshot)} held ${count(before.objects, 'object')} to be deleted, and ${now.objects} now, the newest of ${now.newestAt ?? 'an unknown time'}: something writes there`;
}

const howToGoOn =
  'Find out what it is. What appeared was not deleted; ask for the deletion again when it is of no use.';

function countedOf(
  { backupId, snapshot }: RemoveParams,
  counted: z.infer<typeof countedShape> | null,
): z.infer<typeof countedShape> {
  if (counted !== null && counted.backupId === backupId) return counted;
  throw new AppError('PRECONDITION_FAILED', `The objects of ${snapshot} were not counted`, {
    hint: 'Ask for the deletion again.',
  });
}

type Ports = ReadingPorts<'catalogue' | 'sql'>;

async function whyNotNow(
  params: RemoveParams,
  ports: Ports,
  context: StepContext,
): Promise<readonly Extract<Check, { state: 'blocked' }>[]> {
  // A restore may go into any database, and the job of a backup whose run broke off may still be writing.
  const jobs = await readRunningJobs(ports.sql, { signal: context.signal });
  const using = jobs.find(
    (job) => job.endsWith('(restore)') || job === `${params.database}.${params.snapshot} (backup)`,
  );
  if (using !== undefined) return [blocked(`A job is running: ${using}`, 'Wait for its end.')];
  return params.policyId === null ? againstPerson(params, ports, context) : againstPolicy(params, ports, context);
}

async function againstPolicy(
  { policyId, backupId, database }: RemoveParams,
  ports: Ports,
  { clusterId, runId, signal, now }: StepContext,
) {
  const which = { clusterId, policyId: policyId ?? '', database, exceptRunId: runId };
  const facts = await observeRetention(which, { ...ports, now, signal });
  if (facts === null)
    return [blocked('The policy was removed', 'Its backups are deleted by a person, with deleteBackup.')];
  const [unarmed] = whyNotArmed(facts.policy);
  if (unarmed !== undefined) return [blocked(unarmed, 'Arm it with armBackupPolicy.')];
  if (facts.plan.delete.some(({ backup }) => backup.id === backupId)) return [];
  const holds = facts.plan.keep.find(({ backup }) => backup.id === backupId)?.because ?? [];
  const why = holds.map(({ message }) => message).join('; ');
  return [
    blocked(`The backup stays after all: ${why || 'it is not in the history any more'}`, 'Nothing of it was deleted.'),
  ];
}

async function againstPerson({ backupId }: RemoveParams, ports: Ports, { clusterId, runId, signal, now }: StepContext) {
  const backups = await ports.catalogue.listCatalogued({ clusterId, exceptRunId: runId });
  const backup = backups.find(({ id }) => id === backupId);
  if (backup === undefined) return [blocked('The backup is not in the history any more', 'Nothing was deleted.')];
  const { origin, reach } = await readReach(clusterId, { ...ports, signal });
  const policy = backup.policyId === null ? null : await ports.catalogue.findPolicy(backup.policyId);
  const refusals = whyNotDelete({ backup, backups, policy, origin, reach, now: now() });
  return refusals.map(({ code, message, hint }) => ({ state: 'blocked', code, message, hint }) as const);
}
