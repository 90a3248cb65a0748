import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Database, inTransaction, migrate, openDatabase } from '../../../src/store/database.ts';
import { forEachCluster } from '../../../src/store/metrics/for-each-cluster.ts';
import { pruneMetrics } from '../../../src/store/metrics/prune-metrics.ts';
import { rollUpHours } from '../../../src/store/metrics/roll-up-hours.ts';
import { takeIntoChunks } from '../../../src/store/metrics/take-into-chunks.ts';
import { forgetMetrics, packLook, writeLook } from '../../../src/store/metrics/write-measured.ts';
import { historiesOfClusters, latestOfClusters } from '../../../src/store/reads/metric-history.ts';
import { createTestDatabase, type TestDatabase } from '../../helpers/services.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 4 });
  await migrate(db);
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

beforeEach(async () => {
  await inTransaction(db, (tx) => forgetMetrics(tx, clusterId));
});

const clusterId = 'clu_1';
const start = Date.UTC(2026, 2, 1, 12);
const minute = 60_000;
const hour = 60 * minute;
const at = (ms: number) => new Date(start + ms);

/** A look every so often from one time to another; the value of node `a` is the number of minutes since the start. */
async function look({
  from = 0,
  to,
  everyMs = 15_000,
}: {
  from?: number;
  to: number;
  everyMs?: number;
}): Promise<void> {
  const state = {};
  await inTransaction(db, async (tx) => {
    for (let ms = from; ms < to; ms += everyMs) {
      const measurements = [{ metric: 'queries_per_second', subject: { nodeId: 'a' }, value: ms / minute }];
      await writeLook(tx, { clusterId, at: at(ms), look: await packLook({ at: at(ms), measurements }, state) });
    }
  });
}

const read = async (request: { from: number; to: number; stepMs: number; now: number }) => {
  const [history] = await historiesOfClusters(db, {
    ...{ clusterIds: [clusterId], metric: 'queries_per_second', stepMs: request.stepMs },
    from: at(request.from),
    to: at(request.to),
    now: at(request.now),
  });
  return history?.series ?? [];
};

async function settle(now: number): Promise<void> {
  while ((await takeIntoChunks(db, at(now))) + (await rollUpHours(db, at(now))) > 0);
}

const rowsOf = async (table: 'metric_tail' | 'metric_chunk') =>
  Number(
    (
      await db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as('rows'))
        .executeTakeFirstOrThrow()
    ).rows,
  );

describe('the history of a metric', () => {
  it('is the same before and after its looks are taken into chunks, and a look is never in both', async () => {
    await look({ to: 35 * minute });
    const request = { from: 0, to: 40 * minute, stepMs: minute, now: 40 * minute };
    const before = await read(request);
    expect(before[0]?.points.filter((point) => point !== null)).toHaveLength(35);
    expect(await rowsOf('metric_tail')).toBe(140);
    await settle(35 * minute);
    expect(await read(request)).toEqual(before);
    // Three windows of ten minutes are over; the fourth goes on.
    expect([await rowsOf('metric_chunk'), await rowsOf('metric_tail')]).toEqual([3, 20]);
  });

  it('is written once when two processes take the same looks, and keeps a look that comes late', async () => {
    await look({ to: 10 * minute });
    await Promise.all([takeIntoChunks(db, at(20 * minute)), takeIntoChunks(db, at(20 * minute))]);
    await look({ from: 5_000, to: 6_000 });
    await settle(20 * minute);
    const [series] = await read({ from: 0, to: 15_000, stepMs: 5_000, now: 20 * minute });
    expect(series?.points.map((point) => point?.mean ?? null)).toEqual([0, Math.fround(5 / 60), null]);
    expect([await rowsOf('metric_chunk'), await rowsOf('metric_tail')]).toEqual([1, 0]);
  });

  it('is rolled up by the hour once all looks of it are in chunks, and pruned when it is old', async () => {
    await look({ to: 2 * hour, everyMs: minute });
    // An hour whose last looks are not in chunks is not rolled up.
    await rollUpHours(db, at(2 * hour));
    expect(await rowsOf('metric_chunk')).toBe(0);
    await settle(2 * hour + 10 * minute);
    expect(await rowsOf('metric_chunk')).toBe(14);
    const late = 30 * hour;
    expect(await pruneMetrics(db, { now: at(late), batch: 100 })).toBeGreaterThan(0);
    const [series] = await read({ from: 0, to: 2 * hour, stepMs: 5 * minute, now: late });
    expect(series?.points[3]).toEqual({ at: at(15 * minute), mean: 17, min: 15, max: 19 });
    expect(series?.points).toHaveLength(24);
    expect(await pruneMetrics(db, { now: at(40 * 24 * hour), batch: 100 })).toBe(2);
    expect(await rowsOf('metric_chunk')).toBe(0);
  });

  it('keeps what is not rolled up, however old it is', async () => {
    await look({ to: 10 * minute });
    await takeIntoChunks(db, at(20 * minute));
    expect(await pruneMetrics(db, { now: at(100 * hour), batch: 100 })).toBe(0);
    expect(await rowsOf('metric_chunk')).toBe(1);
  });

  it('loses a look that is damaged, and no other', async () => {
    await look({ to: 10 * minute });
    const damaged = { measured: Buffer.from('x') };
    await db.updateTable('metric_tail').set(damaged).where('at', '=', at(minute)).execute();
    await settle(20 * minute);
    expect([await rowsOf('metric_chunk'), await rowsOf('metric_tail')]).toEqual([1, 0]);
    const [series] = await read({ from: 0, to: 2 * minute, stepMs: 15_000, now: 20 * minute });
    expect(series?.points.map((point) => point !== null)).toEqual([true, true, true, true, false, true, true, true]);
  });

  it('goes on beside a chunk that is damaged or of a later version: for reading a gap, and rolled up without it', async () => {
    await look({ to: 2 * hour, everyMs: minute });
    while ((await takeIntoChunks(db, at(2 * hour + 10 * minute))) > 0);
    await db
      .updateTable('metric_chunk')
      .set({ points: Buffer.from([99, 1, 2]) })
      .where('start_at', '=', at(10 * minute))
      .execute();
    const request = { from: 0, to: hour, stepMs: 10 * minute, now: 2 * hour };
    const known = (points: readonly unknown[] = []) => points.map((point) => point !== null);
    expect(known((await read(request))[0]?.points)).toEqual([true, false, true, true, true, true]);
    await settle(2 * hour + 10 * minute);
    const [rolled] = await read({ ...request, stepMs: 5 * minute, now: 30 * hour });
    expect(known(rolled?.points)).toEqual([true, true, false, false, ...Array.from({ length: 8 }, () => true)]);
    expect(await pruneMetrics(db, { now: at(30 * hour), batch: 100 })).toBe(12);
  });

  it('of one cluster that cannot be taken holds up no other', async () => {
    const done: number[] = [];
    const work = async (one: number) => {
      if (one === 1) throw new Error('too large');
      done.push(one);
    };
    await expect(forEachCluster([0, 1, 2], work)).rejects.toThrow('too large');
    expect(done).toEqual([0, 2]);
  });

  it('shows a gap as a gap', async () => {
    await look({ to: minute });
    await look({ from: 3 * minute, to: 4 * minute });
    const [series] = await read({ from: 0, to: 5 * minute, stepMs: minute, now: 5 * minute });
    expect(series?.points.map((point) => point !== null)).toEqual([true, false, false, true, false]);
  });
});

it('tells what the last look measured, also when it is in a chunk', async () => {
  expect(await latestOfClusters(db, [clusterId])).toEqual([]);
  await look({ to: 10 * minute });
  await settle(20 * minute);
  const [latest] = await latestOfClusters(db, [clusterId]);
  expect(latest?.at).toEqual(at(10 * minute - 15_000));
  expect(latest?.measurements).toEqual([{ metric: 'queries_per_second', subject: { nodeId: 'a' }, value: 9.75 }]);
});
