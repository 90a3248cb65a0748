import { z } from 'zod';
import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import type { Repository } from '../../../domain/backup/repository.ts';
import { whyNotMounted } from '../../../domain/backup/repository-health.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { findMounted } from './find-mounted.ts';
import { repositorySubject } from './store-params.ts';
import { tryToRead } from './try-store.ts';

/** How long its objects are counted; a store with more is not measured. */
const measuringMs = 240_000;

/** Asks StarRocks and the store itself how the repository is, and keeps the answer whatever it is. */
export const lookAtRepository = defineStep({
  kind: 'lookAtRepository',
  params: z.object({ name: z.string() }),
  about: repositorySubject,
  effect: 'looks',
  ports: ['sql', 'objects', 'catalogue'],
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ name }) => `Ask StarRocks and the store itself how ${name} is`,
  check: async () => ({ state: 'todo' }),
  apply: async ({ name }, { sql, objects, catalogue }, { signal, clusterId, log }) => {
    const repository = await catalogue.findRepository(clusterId, name);
    if (repository === null)
      throw new AppError('NOT_FOUND', `The repository ${name} is not under management any more`, {
        hint: 'Take it over with takeOverRepository.',
      });
    const own = await lookIntoStore(repository, { objects, signal });
    const problem = whyNotMounted(await findMounted(sql, name, signal), repository) ?? own.problem;
    const found = { problem, usedBytes: own.usedBytes, freeBytes: null };
    const records = [{ record: 'repositoryChecked' as const, name, ...found }];
    if (problem === null) {
      log(
        own.usedBytes === null
          ? `${name} is well; its size was not measured`
          : `${name} is well: ${own.usedBytes} bytes`,
      );
      return { state: 'done', records };
    }
    const hint = own.problem === problem ? own.problem.hint : null;
    const { code, message } = problem;
    return {
      state: 'blocked',
      code,
      message,
      hint: hint ?? 'Look at the store and at the frontends’ way to it.',
      records,
    };
  },
  undo: { nothing: 'It only looks.' },
});

async function lookIntoStore(
  { name, access }: Repository,
  { objects, signal }: { objects: (name: string) => Promise<ObjectReader>; signal: AbortSignal },
): Promise<{ readonly problem: AppError | null; readonly usedBytes: number | null }> {
  if (access === null) return { problem: null, usedBytes: null };
  try {
    const store = await objects(name);
    const { isThere } = await tryToRead(store, signal);
    if (!isThere)
      throw new AppError('NOT_FOUND', `The store does not hold the __repo_info of ${name}`, {
        hint: 'Somebody may have removed it: StarRocks does not mount the repository without it.',
      });
    return { problem: null, usedBytes: await measure(store, signal) };
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted || error.code === 'STORE_UNAVAILABLE') throw error;
    return { problem: error, usedBytes: null };
  }
}

/** Bytes of all objects; null = there are more than can be counted in the time. */
async function measure(store: ObjectReader, signal: AbortSignal): Promise<number | null> {
  const until = performance.now() + measuringMs;
  let bytes = 0;
  for await (const { size } of store.list('', { signal })) {
    bytes += size;
    if (performance.now() > until) return null;
  }
  return bytes;
}
