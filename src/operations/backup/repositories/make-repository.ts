import { z } from 'zod';
import { repositoryProperties } from '../../../adapters/starrocks/repository-properties.ts';
import { createRepository, dropRepository } from '../../../adapters/starrocks/statements.ts';
import { parseLocation } from '../../../domain/backup/store-location.ts';
import type { InventoryRecord } from '../../../domain/inventory.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { differenceOf, findMounted } from './find-mounted.ts';
import { accessParams, placeParams, repositorySubject } from './store-params.ts';

const params = placeParams.extend({
  /** Null = the machines of the cluster have the right by themselves, or it is no S3. */
  access: accessParams.nullable(),
  s3: z.object({ endpoint: z.string().nullable(), region: z.string().nullable(), pathStyle: z.boolean() }).nullable(),
  hdfs: z.object({ username: z.string(), passwordRef: z.string().nullable() }).nullable(),
});

type Params = z.infer<typeof params>;

/**
 * Long enough for some others that are made at the same time: each that cannot reach its store takes 25 s, and they wait
 * for each other.
 */
const sendingMs = 120_000;

/**
 * Makes the repository. Whatever became of the statement, SHOW REPOSITORIES decides: a frontend goes on with it when nobody
 * waits for the answer any more.
 */
export const makeRepository = defineStep({
  kind: 'makeRepository',
  params,
  about: repositorySubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 600_000,
  settleMs: 120_000,
  repeat: 'safe', // a name can be used once, so a second CREATE of it is refused
  describe: ({ name, location, readOnly }) =>
    `Create the ${readOnly ? 'read-only ' : ''}repository ${name} at ${location}`,
  check: async (wanted, { sql }, { signal, attempts }) => {
    const row = await findMounted(sql, wanted.name, signal);
    if (row === null) return { state: 'todo' };
    const difference = differenceOf(row, wanted);
    if (attempts > 0 && difference === null) return { state: 'done', records: [recordOf(wanted)] };
    return {
      state: 'blocked',
      code: 'ALREADY_EXISTS',
      message: difference ?? `Somebody has created ${wanted.name} at ${wanted.location} meanwhile`,
      hint: 'Choose another name, or take that one over with takeOverRepository.',
    };
  },
  apply: async (wanted, { sql }, { signal, log }) => {
    const { name, location, readOnly } = wanted;
    try {
      const properties = repositoryProperties({
        s3: wanted.s3 === null ? null : { ...wanted.s3, keys: wanted.access },
        hdfs: wanted.hdfs,
      });
      await sql.query(createRepository({ name, location, readOnly, properties }), {
        signal,
        route: 'leader',
        timeoutMs: sendingMs,
      });
    } catch (error) {
      if (!(error instanceof AppError) || signal.aborted) throw error;
      // It was sent, and it may still be under way: the check waits for it.
      if (error.code === 'SQL_ANSWER_LOST') return log(`${error.message}; waiting for what becomes of it`);
      if (error.code !== 'SQL_FAILED') throw error;
      // An earlier statement of ours, whose answer was lost, may have come through after we looked.
      const row = await findMounted(sql, name, signal);
      if (row === null || differenceOf(row, wanted) !== null) throw error;
    }
  },
  undo: { steps: ({ name, location, readOnly }) => [forgetRepository.with({ name, location, readOnly })] },
});

function recordOf({ name, location, readOnly, access, hdfs }: Params): InventoryRecord {
  const kind = parseLocation(location)?.kind ?? 'OTHER';
  return {
    record: 'repositorySaved',
    repository: { name, location, readOnly, access, kind, origin: 'CREATED' },
    // StarRocks keeps it; Starwarden itself does not speak to HDFS.
    spent: hdfs?.passwordRef == null ? [] : [hdfs.passwordRef],
  };
}

/** StarRocks forgets it, and so does Starwarden, with its keys. No object in the store is touched. */
export const forgetRepository = defineStep({
  kind: 'forgetRepository',
  params: placeParams,
  about: repositorySubject,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 15_000,
  repeat: 'safe', // dropping what is not there is refused
  describe: ({ name, location }) => `Let StarRocks forget the repository ${name}; every object in ${location} stays`,
  check: async (wanted, { sql }, { signal }) => {
    const row = await findMounted(sql, wanted.name, signal);
    if (row === null) return { state: 'done', records: [{ record: 'repositoryRemoved', name: wanted.name }] };
    const difference = differenceOf(row, wanted);
    if (difference === null) return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'PLAN_STALE',
      message: `${difference}: it is another one by now`,
      hint: 'Look at the repositories of the cluster, then ask again.',
    };
  },
  apply: async (wanted, { sql }, { signal }) => {
    // Checked once more: the name may have been given to another repository since.
    const row = await findMounted(sql, wanted.name, signal);
    if (row === null) return;
    const difference = differenceOf(row, wanted);
    if (difference !== null) throw new AppError('PLAN_STALE', `${difference}: it is another one by now`);
    try {
      await sql.query(dropRepository(wanted.name), { signal, route: 'leader', timeoutMs: 60_000 });
    } catch (error) {
      const isUnsure = error instanceof AppError && ['SQL_FAILED', 'SQL_ANSWER_LOST'].includes(error.code);
      if (!isUnsure || (await findMounted(sql, wanted.name, signal)) !== null) throw error;
    }
  },
  undo: {
    impossible:
      'Its keys are destroyed with it; createRepository with the same name and location finds its snapshots again',
  },
});
