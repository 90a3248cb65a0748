import type { Database } from '../database.ts';

/** What became of so many times of a schedule is kept; by count, so that a yearly one keeps its years. */
const keptOfEach = 1_000;
/** Bounds one statement, and one call. */
const atOnce = { schedules: 20, rows: 2_000 } as const;

/**
 * Forgets the oldest times of schedules that have more than are kept, some schedules and some rows at a call. A time whose run
 * nobody has looked at since it ended stays. Runs stay, as for every time. Answers how many were forgotten.
 */
export async function pruneFirings(db: Database, { kept = keptOfEach }: { kept?: number } = {}): Promise<number> {
  const crowded = await db
    .selectFrom('schedule_firing')
    .select('schedule_id as id')
    .groupBy('schedule_id')
    .having(({ fn }) => fn.countAll(), '>', kept)
    .limit(atOnce.schedules)
    .execute();
  let pruned = 0;
  for (const { id } of crowded) pruned += await pruneOne(db, id, kept);
  return pruned;
}

async function pruneOne(db: Database, scheduleId: string, kept: number): Promise<number> {
  const newestToGo = await db
    .selectFrom('schedule_firing')
    .select('slot_at')
    .where('schedule_id', '=', scheduleId)
    .orderBy('slot_at', 'desc')
    .offset(kept)
    .limit(1)
    .executeTakeFirst();
  if (newestToGo === undefined) return 0;
  const { numDeletedRows } = await db
    .deleteFrom('schedule_firing')
    .where('schedule_id', '=', scheduleId)
    .where('slot_at', '<=', newestToGo.slot_at)
    .where('is_open', '=', 0)
    .orderBy('slot_at')
    .limit(atOnce.rows)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
