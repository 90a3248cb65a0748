import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Those that take longest, with just enough work to show that they work; the others are in test/bench. */
describe('npm run bench', () => {
  let figures: Record<string, Record<string, number>> = {};

  beforeAll(async () => {
    const names = ['fleet-query', 'slack-ack', 'parser', 'memory', 'probe', 'metric-read', 'alert-storm'];
    const { stdout } = await run(process.execPath, ['bench/main.ts', ...names, '--quick'], { cwd: root });
    const lastLine = stdout.trimEnd().split('\n').at(-1) ?? '';
    figures = z.record(z.string(), z.record(z.string(), z.number().positive())).parse(JSON.parse(lastLine));
  });

  it.each([
    ['fleet-query', ['ratio', 'p50Ms', 'p99Ms', 'sqlPerRequest', 'sqlPerRequestTenTimes']],
    ['slack-ack', ['p50Ms', 'p99Ms']],
    [
      'parser',
      ['recorded', 'large'].flatMap((page) =>
        ['Wanted', 'All', 'TextFormat', 'Promotel'].map((reader) => page + reader),
      ),
    ],
    ['memory', ['idleRssMb', 'busyRssMb']],
    ['metric-read', ['readMs', 'readCpuMs', 'readP95Ms', 'megabytesADay', 'packedMegabytesADay', 'valuesALook']],
    [
      'alert-storm',
      ['mostAMinute', 'criticalP50Seconds', 'criticalMaxSeconds', 'cpuSeconds', 'databaseCpuSeconds', 'peakMb'],
    ],
  ])('ends with one JSON object that holds the figures of %s', (name, keys) => {
    expect(Object.keys(figures[name] ?? {})).toEqual(keys);
  });

  // With each change in test/api/sql-count.test.ts.
  it('finds that a whole fleet takes no more SQL statements than a part of it', () => {
    const { sqlPerRequest, sqlPerRequestTenTimes } = figures['fleet-query'] ?? {};
    expect(sqlPerRequest).toBeGreaterThan(0);
    expect(sqlPerRequestTenTimes).toBe(sqlPerRequest);
  });

  it('ends with the figures of probe, and with those of Prometheus where that is installed', () => {
    const ours = ['ourCpuPercent', 'ourPeakMb', 'ourLooksShare', 'databaseCpuPercent'];
    expect(Object.keys(figures.probe ?? {}).slice(0, ours.length)).toEqual(ours);
  });
});
