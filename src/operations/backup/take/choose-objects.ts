import { z } from 'zod';
import { listCatalogs } from '../../../adapters/starrocks/list-catalogs.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readDatabaseState, type SeenDatabase } from '../../../adapters/starrocks/read-database-state.ts';
import { showTemporaryPartitions } from '../../../adapters/starrocks/statements.ts';
import { type Backup, backupKinds } from '../../../domain/backup/backup.ts';
import type { BackupCatalogue } from '../../../domain/backup/catalogue.ts';
import { cannotBeTaken, changesSince } from '../../../domain/backup/changes.ts';
import type { BackupContent, BackupObject } from '../../../domain/backup/content.ts';
import { isOfCatalogs, stateOfCatalogs } from '../../../domain/backup/external-catalogs.ts';
import { count } from '../../../domain/words.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type StepContext } from '../../../steps/define.ts';
import { beginBackup } from './begin-backup.ts';
import { findBase } from './find-base.ts';
import { backupObject, ofDatabase, type TakeParams, takeParams } from './params.ts';
import { findSnapshot, isUnused, nameSnapshot } from './snapshots.ts';

export const chosenFacts = z.object({
  backupId: z.string(),
  kind: z.enum(backupKinds),
  /** Null = nothing has changed, so nothing is taken. */
  snapshot: z.string().nullable(),
  /** Null = the statement names nothing. */
  objects: z.array(backupObject).nullable(),
  /** When it was looked what stands there: an incremental backup is of this moment. */
  lookedAt: z.iso.datetime(),
  /** Whole tables that were left out, because BACKUP refuses them. */
  leftOut: z.array(z.string()),
  foreign: z.array(z.string()),
});
export type Chosen = z.infer<typeof chosenFacts>;

const patienceMs = 600_000;
const nameTries = 5;

/**
 * Looks at the database when its turn has come, decides what is taken and under which name, and remembers how the database
 * was: an incremental backup takes what its base does not hold in exactly this form. Without a usable base a full backup is
 * taken instead, and said so.
 */
export const chooseObjects = defineStep({
  kind: 'chooseObjects',
  params: takeParams,
  about: ofDatabase,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  needs: { begun: [beginBackup] },
  facts: chosenFacts,
  timeoutMs: 1_800_000,
  repeat: 'safe',
  describe: ({ database, kind }) =>
    kind === 'FULL' ? `Look what stands in ${database}` : `Look what has changed in ${database} since its full backup`,
  check: async ({ database }, { sql }, { signal, startedAt, now }) => {
    const waitedMs = startedAt === null ? 0 : now().getTime() - startedAt.getTime();
    if (waitedMs >= patienceMs) return { state: 'todo' };
    const temporary = isOfCatalogs({ database }) ? [] : await tablesInRebuild(sql, database, signal);
    if (temporary.length === 0) return { state: 'todo' };
    // INSERT OVERWRITE makes some, and removes them when it is done.
    const message = `BACKUP refuses tables with temporary partitions; waits up to 10 min for ${temporary.join(', ')}`;
    return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: 10_000 };
  },
  apply: async (given, { sql, catalogue }, context) => {
    const { found, signal, log } = context;
    if (found.begun === null) throw new AppError('INTERNAL_SERVER_ERROR', 'The backup has no row in the history');
    const { backupId } = found.begun;
    const lookedAt = context.now().toISOString();
    const seen = await look(sql, given.database, context);
    const { objects, kind, base, leftOut } = await decide(given, seen, { catalogue, context, backupId });
    const isNothing = objects !== null && objects.length === 0;
    if (isNothing && kind === 'FULL')
      throw new AppError('PRECONDITION_FAILED', `${given.database} has nothing that BACKUP takes`, {
        hint: leftOut.length > 0 ? `Left out: ${leftOut.join(', ')}.` : 'Look at SHOW TABLES, or at SHOW CATALOGS.',
      });
    const snapshot = isNothing ? null : await freeName(given, sql, context);
    log(
      isNothing
        ? 'Nothing has changed since the base'
        : `Takes ${objects === null ? 'everything' : count(objects.length, isOfCatalogs(given) ? 'catalog' : 'table')} as ${snapshot}`,
    );
    const content: BackupContent | null = seen === null ? null : { held: { tables: [] }, database: seen.state };
    const chosen = { kind, baseId: base?.id ?? null, snapshot, content };
    signal.throwIfAborted();
    return {
      state: 'done',
      facts: {
        ...{ backupId, kind, snapshot, lookedAt, leftOut: [...leftOut], foreign: [...(seen?.foreign ?? [])] },
        objects:
          objects === null
            ? null
            : objects.map(({ partitions, ...each }) => ({
                ...each,
                partitions: partitions === null ? null : [...partitions],
              })),
      },
      records: [{ record: 'backupChosen', backupId, chosen }],
    };
  },
  undo: { nothing: 'History stays.' },
});

/** Null = this version does not say what a database consists of; a full backup needs no more than its name. */
async function look(
  sql: SqlReader,
  database: string,
  { signal, log }: Pick<StepContext, 'signal' | 'log'>,
): Promise<SeenDatabase | null> {
  if (isOfCatalogs({ database })) return { state: stateOfCatalogs(await listCatalogs(sql, signal)), foreign: [] };
  try {
    return await readDatabaseState(sql, database, { signal });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'SQL_FAILED' || error.retryable) throw error;
    log(`What ${database} consists of could not be read: ${error.message}`);
    return null;
  }
}

/** Names of tables with temporary partitions; none where that cannot be asked. */
async function tablesInRebuild(sql: SqlReader, database: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const rows = await sql.query(showTemporaryPartitions(database), { signal, route: 'leader', timeoutMs: 60_000 });
    return [
      ...new Set(rows.filter(({ IS_TEMP }) => /^(1|true)$/i.test(IS_TEMP ?? '')).map((row) => row.TABLE_NAME ?? '')),
    ];
  } catch (error) {
    if (error instanceof AppError && error.code === 'SQL_FAILED') return [];
    throw error;
  }
}

type Decided = {
  readonly kind: Backup['kind'];
  readonly base: Backup | null;
  readonly objects: readonly BackupObject[] | null;
  readonly leftOut: readonly string[];
};

async function decide(
  given: TakeParams,
  seen: SeenDatabase | null,
  { catalogue, context, backupId }: { catalogue: BackupCatalogue; context: Pick<StepContext, 'log'>; backupId: string },
): Promise<Decided> {
  const asked = given.objects;
  if (seen === null) return { kind: 'FULL', base: null, objects: asked, leftOut: [] };
  const blocked = new Set(cannotBeTaken(seen.state));
  const leftOut = [...blocked].filter((name) => asked === null || asked.some((each) => each.name === name));
  const full = (): Decided => ({
    ...{ kind: 'FULL', base: null, leftOut },
    objects:
      asked !== null
        ? asked.filter(({ name }) => !blocked.has(name))
        : blocked.size === 0 && seen.foreign.length === 0 && !isOfCatalogs(given)
          ? null
          : seen.state.tables
              .filter(({ name, type }) => !blocked.has(name) && type !== 'MATERIALIZED_VIEW')
              .map(({ name, type }) => ({ name, type, partitions: null })),
  });
  if (given.kind === 'FULL' || given.policyId === null) return full();
  const own = await catalogue.find(backupId);
  const found = own === null ? null : await findBase(catalogue, own);
  if (found === null) {
    context.log('There is no usable full backup of the same policy and database to build on: takes a full one');
    return full();
  }
  const changes = changesSince(found.content, {
    tables: seen.state.tables.filter(({ type }) => type !== 'MATERIALIZED_VIEW'),
  });
  for (const { object, because } of changes.slice(0, 20))
    context.log(`${object.name}: ${because}${object.partitions === null ? '' : ` (${object.partitions.length})`}`);
  return { kind: 'INCREMENTAL', base: found.backup, objects: changes.map(({ object }) => object), leftOut };
}

/** A name that the repository does not know; one that a person gave is never replaced. */
async function freeName(
  { database, repository, snapshot }: TakeParams,
  sql: SqlReader,
  { signal, now }: Pick<StepContext, 'signal' | 'now'>,
): Promise<string> {
  for (let tries = 0; tries < nameTries; tries += 1) {
    const name = snapshot ?? nameSnapshot(database, now());
    if (isUnused(await findSnapshot(sql, { repository, snapshot: name }, signal))) return name;
    if (snapshot !== null) break;
  }
  throw new AppError(
    'ALREADY_EXISTS',
    `The name ${snapshot ?? 'of the snapshot'} was used in ${repository} meanwhile`,
    {
      hint: 'A snapshot that broke off blocks its name too. Choose another name, or leave it out.',
    },
  );
}
