import { majorityOf } from '../quorum.ts';

/** Backends that hold the replicas of at least one tablet together. */
export type ReplicaSet = {
  /** BackendIds of the replicas that are well, sorted. */
  readonly backends: readonly string[];
  /** How many replicas the tablet has in all, including those that are not healthy. */
  readonly replicas: number;
  /** `database.table` of one such tablet. */
  readonly table: string;
};

/** Which backends share tablets: each set of backends that occurs is listed once for each table. */
export type ReplicaSpread = readonly ReplicaSet[];

/**
 * A table with a tablet that could not be written, or not even read, while all of these backends are away, although it
 * could while any single one of them is; null = there is none. What a single absence costs already (tables with one
 * replica, replicas that are not healthy) does not depend on how many backends restart together.
 */
export function tableAwayWith(spread: ReplicaSpread, backendIds: readonly string[]): string | null {
  const found = spread.find(({ backends, replicas }) => {
    const away = backends.filter((backend) => backendIds.includes(backend)).length;
    return away > 1 && backends.length - away < majorityOf(replicas);
  });
  return found?.table ?? null;
}
