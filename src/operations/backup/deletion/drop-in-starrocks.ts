import type { ObjectReader } from '../../../adapters/object-store/port.ts';
import type { StarRocksSql } from '../../../adapters/starrocks/port.ts';
import { dropSnapshot } from '../../../adapters/starrocks/statements.ts';
import { AppError } from '../../../errors.ts';
import { differenceOfPlace } from '../repositories/find-mounted.ts';
import { findSnapshot, isUnused } from '../take/snapshots.ts';

type Snapshot = { readonly repository: string; readonly snapshot: string | null };

type Asking = {
  readonly sql: StarRocksSql;
  /** Where the backup was made; null = not known. */
  readonly location: string | null;
  /** Null = its objects are reached only through StarRocks, so that what it says is all that is known. */
  readonly store: ObjectReader | null;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

/**
 * Lets StarRocks drop a snapshot. Where its objects are reached, that is only a help: they are removed afterwards, whatever
 * it says. Where they are not, it throws until the repository does not list the snapshot any more.
 */
export async function dropInStarRocks({ repository, snapshot }: Snapshot, asking: Asking): Promise<void> {
  if (snapshot === null) return;
  const { sql, location, store, signal, log } = asking;
  const elsewhere = await differenceOfPlace(sql, { name: repository, location }, signal);
  if (elsewhere !== null) {
    if (store === null)
      throw new AppError('PRECONDITION_FAILED', `${elsewhere}: what has this name there is another snapshot`, {
        hint: 'Look at the repositories of the cluster.',
      });
    return log(`StarRocks is not asked to drop ${snapshot}: ${elsewhere}`);
  }
  try {
    await sql.query(dropSnapshot({ repository, snapshot }), { signal, route: 'leader', timeoutMs: 600_000 });
  } catch (error) {
    if (!(error instanceof AppError) || signal.aborted) throw error;
    // An earlier statement of ours, whose answer was lost, may have done it.
    if (store === null && !(await isGone(sql, { repository, snapshot }, signal))) throw error;
    return log(`StarRocks did not drop ${snapshot}: ${error.message}`);
  }
  if (store === null && !(await isGone(sql, { repository, snapshot }, signal)))
    throw new AppError('POSTCHECK_FAILED', `${repository} still lists ${snapshot}, which StarRocks says it dropped`, {
      hint: 'Look at SHOW SNAPSHOT; ask for the deletion again.',
    });
}

async function isGone(
  sql: StarRocksSql,
  name: { readonly repository: string; readonly snapshot: string },
  signal: AbortSignal,
): Promise<boolean> {
  return isUnused(await findSnapshot(sql, name, signal));
}
