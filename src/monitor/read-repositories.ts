import type { Reading } from '../adapters/reading.ts';
import { parseRepositories } from '../adapters/starrocks/parse.ts';
import { showRepositories } from '../adapters/starrocks/statements.ts';
import type { Repository } from '../domain/backup/repository.ts';
import { dueForCheck, type WatchedRepository } from '../domain/backup/repository-health.ts';
import { AppError } from '../errors.ts';

/** What was found when a store itself was asked; a problem that it answers with is something found. */
export type OwnCheck = {
  readonly name: string;
  readonly problem: { readonly code: string; readonly message: string } | null;
};

export type WatchedRepositories = {
  /** Null = the cluster did not tell. */
  readonly watched: readonly WatchedRepository[] | null;
  /** The one store that was due to be asked; null = none was, or there was no time to say. */
  readonly checked: OwnCheck | null;
};

/** What every repository holds, since StarRocks does not mount it without. */
const repositoryInfo = '__repo_info';
const mostMs = 8_000;

/** Asks the cluster for its repositories, and at most one store whether it can be listed and read. Null = none is managed. */
export async function readRepositories(
  { sql, objects, now }: Pick<Reading, 'sql' | 'objects' | 'now'>,
  managed: readonly Repository[],
  call: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<WatchedRepositories | null> {
  if (managed.length === 0) return null;
  const due = dueForCheck(managed, now());
  const [rows, checked] = await Promise.all([
    sql.query(showRepositories(), call).then(parseRepositories, keepStoreFailure),
    due === null ? null : askStore(objects, due.name, call),
  ]);
  const fresh = (each: Repository): Repository => {
    if (checked?.name !== each.name) return each;
    const { problem } = checked;
    return { ...each, problem: problem === null ? null : { ...problem, since: each.problem?.since ?? now() } };
  };
  return {
    checked,
    watched:
      rows === null
        ? null
        : managed.map((each) => ({
            repository: fresh(each),
            row: rows.find(({ name }) => name === each.name) ?? null,
          })),
  };
}

async function askStore(
  objects: Reading['objects'],
  name: string,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<OwnCheck | null> {
  const call = { signal, timeoutMs: Math.min(timeoutMs, mostMs) / 2 };
  try {
    const store = await objects(name);
    const info = await store.head(repositoryInfo, call);
    if (info === null)
      return {
        name,
        problem: { code: 'NOT_FOUND', message: `The store does not hold the ${repositoryInfo} of ${name}` },
      };
    for await (const _ of store.read(repositoryInfo, call)) signal.throwIfAborted();
    return { name, problem: null };
  } catch (error) {
    // The probe's own time was over: that says nothing about the store.
    if (signal.aborted || !(error instanceof AppError)) return null;
    if (error.code === 'STORE_UNAVAILABLE') throw error;
    return { name, problem: { code: error.code, message: error.message } };
  }
}

function keepStoreFailure(error: unknown): null {
  if (error instanceof AppError && error.code !== 'STORE_UNAVAILABLE') return null;
  throw error;
}
