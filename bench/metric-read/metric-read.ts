import { sql } from 'kysely';
import type { Measurement } from '../../src/domain/metrics/measurement.ts';
import { type Database, inTransaction, migrate, openDatabase } from '../../src/store/database.ts';
import { rollUpHours } from '../../src/store/metrics/roll-up-hours.ts';
import { takeIntoChunks } from '../../src/store/metrics/take-into-chunks.ts';
import { packLook, writeLook } from '../../src/store/metrics/write-measured.ts';
import { historiesOfClusters } from '../../src/store/reads/metric-history.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { median, percentile, round } from '../lib/statistics.ts';
import { createValues } from './values.ts';

const clusterId = 'clu_bench';
const lookMs = 15_000;
const hourMs = 3_600_000;
const looksAtOnce = 40;

/**
 * A day of one metric on 20 nodes, as a chart or the API asks for it, from looks that the real code wrote and took together: chunks
 * for what is over, single looks for the last minutes.
 */
export const metricRead = defineBenchmark({
  name: 'metric-read',
  summary: 'Reading 24 h of one metric on 20 nodes, and what a day of all metrics takes on disk.',
  full: { hours: 24, reads: 30 },
  quick: { hours: 1, reads: 2 },
  measure: async ({ databaseUrl, say }, { hours, reads }) => {
    const db = openDatabase({ url: databaseUrl, answerMs: null });
    try {
      await migrate(db);
      // From the middle of ten minutes, so that the last looks are not in chunks yet.
      const to = new Date(Math.floor(Date.now() / hourMs) * hourMs + 5 * 60_000);
      const from = new Date(to.getTime() - hours * hourMs);
      const values = createValues();
      await writeLooks(db, { from, to, next: values.next });
      while ((await takeIntoChunks(db, to)) + (await rollUpHours(db, to)) > 0);
      const range = { clusterIds: [clusterId], from, to, stepMs: 60_000, now: to };
      const taken: number[] = [];
      const cpu: number[] = [];
      for (let read = 0; read < reads; read += 1) {
        const metric = values.ofNodes[read % values.ofNodes.length] ?? '';
        const startedAt = performance.now();
        const before = process.cpuUsage();
        const [history] = await historiesOfClusters(db, { ...range, metric });
        taken.push(performance.now() - startedAt);
        const { user, system } = process.cpuUsage(before);
        cpu.push((user + system) / 1_000);
        const whole = (history?.series ?? []).filter(({ points }) => points.every((point) => point !== null));
        if (whole.length < 3 || whole[0]?.points.length !== hours * 60)
          throw new Error(`${metric} was not read whole: ${whole.length} series`);
      }
      const size = await sizeOf(db);
      const perDay = (size.bytes * 24) / hours;
      say(
        `a read: ${median(cpu).toFixed(1)} ms of CPU time in ${median(taken).toFixed(1)} ms, the slowest ${Math.max(...taken).toFixed(1)} ms`,
      );
      say(`${values.count} values a look; a day: ${(perDay / 1e6).toFixed(1)} MB on disk, ${size.rows} rows of chunks`);
      return {
        readMs: round(median(taken)),
        readCpuMs: round(median(cpu)),
        readP95Ms: round(percentile(taken, 0.95)),
        megabytesADay: round(perDay / 1e6),
        packedMegabytesADay: round((size.packed * 24) / hours / 1e6),
        valuesALook: values.count,
      };
    } finally {
      await db.destroy();
    }
  },
});

type Writing = { readonly from: Date; readonly to: Date; readonly next: () => readonly Measurement[] };

async function writeLooks(db: Database, { from, to, next }: Writing): Promise<void> {
  for (let ms = from.getTime(); ms < to.getTime(); ms += lookMs * looksAtOnce) {
    const times = Array.from({ length: looksAtOnce }, (_, index) => new Date(ms + index * lookMs)).filter(
      (at) => at < to,
    );
    const looks = await Promise.all(
      times.map(async (at) => ({ at, look: await packLook({ at, measurements: next() }, {}) })),
    );
    await inTransaction(db, async (tx) => {
      for (const { at, look } of looks) await writeLook(tx, { clusterId, at, look });
    });
  }
}

/** Of the tablespace, pages that are not full included; `packed` = the values alone. */
async function sizeOf(db: Database): Promise<{ bytes: number; packed: number; rows: number }> {
  await sql`ANALYZE TABLE metric_chunk`.execute(db);
  const { rows: tables } = await sql<{ bytes: number | string }>`
    SELECT data_length + index_length AS bytes FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = 'metric_chunk'`.execute(db);
  const { rows: chunks } = await sql<{ packed: number | string; count: number | string }>`
    SELECT SUM(LENGTH(points)) AS packed, COUNT(*) AS count FROM metric_chunk`.execute(db);
  return { bytes: Number(tables[0]?.bytes), packed: Number(chunks[0]?.packed), rows: Number(chunks[0]?.count) };
}
