import { daysUntilFull } from '../domain/metrics/disk-trend.ts';
import type { FactAnswer } from '../domain/metrics/facts.ts';
import { type Measurement, parseSubject, subjectKey } from '../domain/metrics/measurement.ts';
import type { Points } from '../domain/metrics/points.ts';

const freeBytes = 'disk_free_bytes';
const pointsMs = 2 * 3_600_000;

/**
 * When each disk is full, from what is stored of its free space; `latest` = the last look. Pure. A disk of which the last
 * look knew nothing is unknown.
 */
export function diskTrends(
  past: Points,
  { latest, at }: { readonly latest: readonly Measurement[]; readonly at: Date },
): FactAnswer {
  const now = new Map(
    latest.flatMap(({ metric, subject, value }) => (metric === freeBytes ? [[subjectKey(subject), value]] : [])),
  );
  const told = past.subjects.flatMap((key, index) => {
    const subject = parseSubject(key);
    if (subject?.path === undefined) return [];
    const free = now.get(key);
    const trend =
      free === undefined
        ? { because: 'the last look did not see its free space' }
        : daysUntilFull(thinned(past, index), free);
    return [{ subject, trend }];
  });
  return {
    atMs: at.getTime(),
    values: told.flatMap(({ subject, trend }) => ('days' in trend ? [{ subject, value: trend.days }] : [])),
    unknown: told.flatMap(({ subject, trend }) => ('because' in trend ? [{ subject, ...trend }] : [])),
  };
}

/** The last mean of each two hours: the pairs of them all are compared. */
function thinned({ times, planes }: Points, subject: number) {
  const means = planes[0] ?? new Float32Array();
  const byTime = new Map<number, { atMs: number; freeBytes: number }>();
  for (const [index, atMs] of times.entries()) {
    const mean = means[subject * times.length + index] ?? Number.NaN;
    if (!Number.isNaN(mean)) byTime.set(Math.floor(atMs / pointsMs), { atMs, freeBytes: mean });
  }
  return [...byTime.values()];
}
