import { parseFrontends } from '../../../adapters/starrocks/parse.ts';
import { readDatabaseState } from '../../../adapters/starrocks/read-database-state.ts';
import { showFrontends } from '../../../adapters/starrocks/statements.ts';
import { contentOf, missingIn } from '../../../domain/backup/changes.ts';
import type { BackupObject, DatabaseState } from '../../../domain/backup/content.ts';
import { isOfCatalogs, notHeldOfCatalogs, stateOfCatalogs } from '../../../domain/backup/external-catalogs.ts';
import {
  type AroundBackup,
  isTakenUnasked,
  materializedNotHeld,
  neverHeld,
  notHeldOf,
} from '../../../domain/backup/not-held.ts';
import type { EndedBackup } from '../../../domain/inventory.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type ReadingPorts, type StepContext } from '../../../steps/define.ts';
import { catalogsOrNull, releaseOf, takesMaterializedOrNull } from '../observe-backup.ts';
import { type Chosen, chooseObjects } from './choose-objects.ts';
import { whyBaseIsLost } from './find-base.ts';
import { ofDatabase, takeParams } from './params.ts';
import { type Held, readHeld, readHeldNames, sizeOf } from './read-held.ts';
import { findSnapshot, isWhole } from './snapshots.ts';

/**
 * Reads from the snapshot itself what it holds, which decides whether the backup is AVAILABLE, PARTIAL or BROKEN: tables may
 * be dropped and changed while a backup runs.
 */
export const recordContent = defineStep({
  kind: 'recordContent',
  params: takeParams.pick({ database: true, repository: true }),
  about: ofDatabase,
  effect: 'looks',
  ports: ['sql', 'catalogue', 'objects'],
  needs: { chosen: [chooseObjects] },
  timeoutMs: 3_600_000,
  repeat: 'safe',
  describe: ({ database, repository }) => `Read from ${repository} what the backup of ${database} holds`,
  check: async (_params, { catalogue }, { found }) => {
    const backup = found.chosen === null ? null : await catalogue.find(found.chosen.backupId);
    return backup?.state === 'AVAILABLE' || backup?.state === 'PARTIAL' ? { state: 'done' } : { state: 'todo' };
  },
  apply: async (given, ports, context) => {
    const { chosen } = context.found;
    if (chosen === null) throw new AppError('INTERNAL_SERVER_ERROR', 'It was not decided what to back up');
    const seen = (await ports.catalogue.readContent(chosen.backupId))?.database ?? null;
    const backup = await ports.catalogue.find(chosen.backupId);
    if (backup === null) throw new AppError('INTERNAL_SERVER_ERROR', 'The backup has no row in the history');
    // The base may have been deleted, or found damaged, since it was chosen.
    const lost = await whyBaseIsLost(ports.catalogue, backup);
    const judged = await judge(given, { chosen, seen }, { ports, context });
    const ended = lost === null ? judged : { ...judged, state: 'BROKEN' as const, problem: lost };
    context.log(summaryOf(ended));
    const record = { record: 'backupEnded', backupId: chosen.backupId, ended } as const;
    if (ended.state !== 'BROKEN') return { state: 'done', records: [record] };
    return {
      ...{ state: 'blocked', code: 'BACKUP_DAMAGED', message: ended.problem ?? 'The backup is not whole' },
      hint: 'Retry it: another snapshot is made. Look at the repository for what is wrong there.',
      records: [record],
    };
  },
  undo: { nothing: 'It only reads.' },
});

type Where = { readonly database: string; readonly repository: string };
type Known = { readonly chosen: Chosen; readonly seen: DatabaseState | null };
type Looking = {
  readonly ports: ReadingPorts<'sql' | 'catalogue' | 'objects'>;
  readonly context: Pick<StepContext, 'signal' | 'log'>;
};

const nothing = { objects: 0, bytes: 0 };

async function judge(given: Where, { chosen, seen }: Known, looking: Looking): Promise<EndedBackup> {
  const around = { state: seen ?? { tables: [] }, foreign: chosen.foreign };
  const reach = { ...(await observeReach(looking)), isNamed: chosen.objects !== null };
  // What nobody saw before cannot be told apart in the snapshot.
  const never = [...(seen === null ? materializedNotHeld(reach) : []), ...neverHeld(reach)];
  if (chosen.snapshot === null) {
    const notHeld = [...notHeldOf(around, null, reach), ...never];
    return ended(chosen, { held: null, missing: [], size: nothing, notHeld });
  }
  const timestamp = await findTimestamp({ ...given, snapshot: chosen.snapshot }, looking);
  if (isOfCatalogs(given)) return endedCatalogs({ ...given, snapshot: chosen.snapshot, timestamp }, chosen, looking);
  const read = await readWhatIsHeld({ ...given, snapshot: chosen.snapshot, timestamp }, seen, looking);
  if ('broken' in read) return { ...broken(read.broken), backupTimestamp: timestamp };
  if (read.database !== given.database)
    return { ...broken(`Its snapshot is of the database ${read.database}`), backupTimestamp: timestamp };
  const asked: readonly BackupObject[] =
    chosen.objects ?? (seen?.tables ?? []).filter((table) => isTakenUnasked(table, reach)).map(wholeOf);
  const whole = seen === null ? null : contentOf(read.state, seen);
  const notHeld = [...notHeldOf(around, chosen.kind === 'FULL' ? read.state : null, reach), ...never];
  const result = { held: read.state, missing: missingIn(read.state, asked), size: read.size, notHeld };
  return {
    ...ended(chosen, result),
    backupTimestamp: timestamp,
    snapshotAt: momentOf(chosen, read.at),
    content: whole,
  };
}

/**
 * What BACKUP did not name, because the base holds it or because it was not there yet, may have been written since it was
 * looked at: so such a backup is of that moment.
 */
function momentOf({ objects, lookedAt }: Chosen, at: Date): Date {
  return objects === null ? at : new Date(Math.min(at.getTime(), Date.parse(lookedAt)));
}

async function observeReach({ ports: { sql }, context: { signal } }: Looking): Promise<AroundBackup> {
  const frontends = parseFrontends(await sql.query(showFrontends(), { signal }));
  return {
    version: releaseOf(frontends),
    catalogs: await catalogsOrNull(sql, signal),
    takesMaterialized: await takesMaterializedOrNull(sql, signal),
  };
}

function wholeOf({ name, type }: DatabaseState['tables'][number]): BackupObject {
  return { name, type, partitions: null };
}

/** Throws `SQL_FAILED`, to be asked again, as long as the repository does not list the snapshot as whole. */
async function findTimestamp(name: Where & { snapshot: string }, { ports, context }: Looking): Promise<string> {
  const found = await findSnapshot(ports.sql, name, context.signal);
  const timestamp = found?.timestamps.find((each) => /^[\d-]+$/.test(each));
  if (found !== null && timestamp !== undefined && isWhole(found)) return timestamp;
  const status = found?.status ?? 'no such snapshot';
  throw new AppError(
    'POSTCHECK_FAILED',
    `The repository ${name.repository} does not hold ${name.snapshot}: ${status}`,
    {
      // With a timestamp the snapshot is there, and could only not be read just now.
      ...{ hint: 'Look at the repository in the object store.', retryable: timestamp !== undefined },
    },
  );
}

async function readWhatIsHeld(
  of: Where & { snapshot: string; timestamp: string },
  seen: DatabaseState | null,
  { ports, context: { signal, log } }: Looking,
): Promise<Held | { readonly broken: string }> {
  try {
    return await readHeld(await ports.objects(of.repository), of, { seen, signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'BACKUP_DAMAGED') return { broken: error.message };
    if (!isOutOfReach(error)) throw error;
    log(`Its objects cannot be reached (${error.message}): what it holds is known by names only`);
  }
  const after = seen === null ? null : (await readDatabaseState(ports.sql, of.database, { signal })).state;
  return readHeldNames(ports.sql, of, { before: seen, after, signal });
}

/**
 * StarRocks takes catalogs as they are when it is asked, and its answers name none of them. Their own file in the repository
 * is not read: it holds their secrets.
 */
async function endedCatalogs(
  of: Where & { snapshot: string; timestamp: string },
  chosen: Chosen,
  { ports, context: { signal, log } }: Looking,
): Promise<EndedBackup> {
  const held = stateOfCatalogs((chosen.objects ?? []).map(({ name }) => name));
  let size: Result['size'] = null;
  try {
    size = await sizeOf(await ports.objects(of.repository), of.snapshot, signal);
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    log(`Its objects cannot be counted: ${error.message}`);
  }
  const result = ended(chosen, { held: null, missing: [], size, notHeld: notHeldOfCatalogs });
  const snapshotAt = new Date(chosen.lookedAt);
  return { ...result, backupTimestamp: of.timestamp, snapshotAt, content: { held, database: held } };
}

/** The store cannot be reached by Starwarden, and that does not pass by itself. */
function isOutOfReach(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.retryable) return false;
  return error.code === 'NOT_FOUND' || error.code.startsWith('OBJECT_STORE_') || error.code === 'CREDENTIAL_MISSING';
}

type Result = Pick<EndedBackup, 'notHeld'> & {
  readonly held: DatabaseState | null;
  readonly missing: readonly string[];
  readonly size: { readonly objects: number; readonly bytes: number } | null;
};

function ended(chosen: Chosen, { held, missing, size, notHeld }: Result): EndedBackup {
  const less = [
    ...(chosen.leftOut.length === 0
      ? []
      : [`Left out, because BACKUP refuses tables with temporary partitions: ${chosen.leftOut.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`Asked for and not in the snapshot: ${missing.join(', ')}`]),
  ];
  return {
    state: less.length === 0 ? 'AVAILABLE' : 'PARTIAL',
    problem: less.length === 0 ? null : less.join('. '),
    ...{ backupTimestamp: null, snapshotAt: null, content: null, notHeld },
    sizeBytes: size?.bytes ?? null,
    objectCount: size?.objects ?? null,
    tableCount: held?.tables.length ?? 0,
    partitionCount: held?.tables.reduce((sum, { partitions }) => sum + partitions.length, 0) ?? 0,
  };
}

function broken(problem: string): EndedBackup {
  return {
    ...{ state: 'BROKEN', problem, content: null, notHeld: [], backupTimestamp: null, snapshotAt: null },
    ...{ sizeBytes: null, objectCount: null, tableCount: null, partitionCount: null },
  };
}

function summaryOf({ state, tableCount, partitionCount, objectCount, sizeBytes, problem }: EndedBackup): string {
  const held = `${count(tableCount ?? 0, 'table')}, ${count(partitionCount ?? 0, 'partition')}`;
  const size = objectCount === null ? '' : `; ${count(objectCount, 'object')} of ${sizeBytes} bytes`;
  return `${state}: ${held}${size}${problem === null ? '' : `. ${problem}`}`;
}
