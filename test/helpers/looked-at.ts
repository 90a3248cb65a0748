import type { Pending } from '../../src/domain/alert-life.ts';
import type { NotJudged } from '../../src/domain/probe.ts';
import { type Database, databaseNowPlus } from '../../src/store/database.ts';

type Look = {
  readonly clusterId: string;
  readonly at: Date;
  /** When the next one is due, from now; below 0 = it did not come. */
  readonly dueInMs: number;
  readonly pending?: readonly Pending[];
  readonly notJudged?: readonly NotJudged[];
};

/** Writes the last look at a cluster, as the monitor would have. */
export async function lookedAt(db: Database, { clusterId, at, dueInMs, pending = [], notJudged = [] }: Look) {
  const found = {
    ...{ at, duration_ms: 20, ok: 1, problem: null, leader: 'fe 10.0.0.1:9010', due_at: databaseNowPlus(dueInMs) },
    ...{ nodes: '[]', pending: JSON.stringify(pending), not_judged: JSON.stringify(notJudged) },
  };
  const free = { claimed_by: null, claimed_until: null };
  await db
    .insertInto('probe')
    .values({ cluster_id: clusterId, ...free, ...found })
    .onDuplicateKeyUpdate(found)
    .execute();
}
