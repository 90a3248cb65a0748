import { expect, it } from 'vitest';
import { deriveMeasurements } from '../../src/domain/metrics/derive.ts';
import { subjectKey } from '../../src/domain/metrics/measurement.ts';
import { mergePoints, pointsOf, rollUp } from '../../src/domain/metrics/points.ts';
import { diskTrends } from '../../src/monitor/disk-facts.ts';

const hour = 3_600_000;
const start = Date.UTC(2026, 2, 1);
const gib = 1_024 ** 3;
const disk = (path: string) => ({ nodeId: 'be1', path });
const metric = 'disk_free_bytes';

/** Rolled up as they are stored: a point for five minutes. */
function past(freeAt: Record<string, (hours: number) => number>, hours: number) {
  const looks = Array.from({ length: hours * 12 }, (_, index) => ({
    at: new Date(start + (index * hour) / 12),
    measurements: Object.entries(freeAt).map(([path, free]) => ({
      metric,
      subject: disk(path),
      value: free(index / 12),
    })),
  }));
  const points = pointsOf(looks).get(metric);
  return points === undefined ? mergePoints([]) : rollUp(points, 300_000);
}

const at = new Date(start + 72 * hour);
const latest = ['/filling', '/still', '/new'].map((path) => ({ metric, subject: disk(path), value: 240 * gib }));

it('tells of each disk when it is full, and of the others why nobody knows', () => {
  const stored = past(
    { '/filling': (hours) => (600 - 2 * hours) * gib, '/still': () => 500 * gib, '/unseen': (hours) => -hours * gib },
    72,
  );
  const answer = diskTrends(stored, { latest, at });
  expect(answer).toEqual({
    atMs: at.getTime(),
    values: [{ subject: disk('/filling'), value: expect.closeTo(5, 1) }],
    unknown: [
      { subject: disk('/still'), because: 'it does not fill', isNone: true },
      { subject: disk('/unseen'), because: 'the last look did not see its free space' },
    ],
  });
  const { measurements, unknown } = deriveMeasurements({
    nodes: [{ id: 'be1', kind: 'BACKEND', alive: true, version: null }],
    ...{ leader: null, pages: new Map(), before: {}, at },
    facts: { disk_days_until_full: answer },
  });
  const own = measurements.filter((one) => one.metric === 'disk_days_until_full');
  expect(own.map(({ subject }) => subjectKey(subject))).toEqual([subjectKey(disk('/filling')), '']);
  expect(unknown.filter((one) => one.metric === 'disk_days_until_full').map(({ reason }) => reason)).toEqual([
    'OF_NOTHING',
    'FACT_UNKNOWN',
  ]);
});

it('knows nothing while less than six hours are stored, or nothing at all', () => {
  const answer = diskTrends(past({ '/new': (hours) => (600 - hours) * gib }, 4), { latest, at });
  expect(answer).toMatchObject({
    values: [],
    unknown: [{ because: 'fewer than six hours of its free space are known' }],
  });
  expect(diskTrends(mergePoints([]), { latest, at })).toEqual({ atMs: at.getTime(), values: [], unknown: [] });
});
