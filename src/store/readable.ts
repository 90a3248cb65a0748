/** Told of each row that cannot be read. */
export type OnDamaged = (error: unknown) => void;

/**
 * What can be read of some rows; of each that cannot the caller is told, and it is left out. For what lies beside a thing
 * and must not keep it from being worked on: a cluster is watched whatever became of its metrics, silences and rules.
 */
export function readable<Row, T>(rows: readonly Row[], read: (row: Row) => T, onDamaged: OnDamaged): T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      onDamaged(error);
      return [];
    }
  });
}

/**
 * Those parts of a history that can be read. One that cannot is a gap of some minutes, whoever damaged it, and must not keep
 * the rest of its cluster, or other clusters, from being read, rolled up and removed.
 */
export async function readableParts<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const read = await Promise.allSettled(parts);
  return read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}
