import { type Database, readDatabaseTime } from '../store/database.ts';
import { pruneMetrics } from '../store/metrics/prune-metrics.ts';
import { rollUpHours } from '../store/metrics/roll-up-hours.ts';
import { takeIntoChunks } from '../store/metrics/take-into-chunks.ts';

const everyMs = 30_000;
const pruneEveryMs = 600_000;
const pruneBatch = 500;

/**
 * Makes the chore that keeps the history of metrics in order: looks into chunks, hours rolled up, what is old removed. A
 * turn does a little; where more is left, the next one comes at once.
 */
export function tidyMetrics(db: Database): () => Promise<void> {
  let dueAt = 0;
  let pruneAt = 0;
  return async () => {
    const started = performance.now();
    if (started < dueAt) return;
    const now = await readDatabaseTime(db);
    const done = (await takeIntoChunks(db, now)) + (await rollUpHours(db, now));
    if (done === 0) dueAt = started + everyMs;
    if (started < pruneAt) return;
    if ((await pruneMetrics(db, { now, batch: pruneBatch })) === 0) pruneAt = started + pruneEveryMs;
  };
}
