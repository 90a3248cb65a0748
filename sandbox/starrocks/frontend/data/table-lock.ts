const locks = new Map<number, Promise<unknown>>();

/**
 * One after the other for each table: loads, so that versions follow each other without a gap, and the copying of replicas, so
 * that a table that is written all the time is repaired all the same. The leader does both, so a lock in its memory is enough.
 */
export function withTableLock<T>(tableId: number, work: () => Promise<T>): Promise<T> {
  const run = (locks.get(tableId) ?? Promise.resolve()).then(work);
  locks.set(
    tableId,
    run.catch(() => undefined),
  );
  return run;
}
