import { type Measured, subjectKey } from './measurement.ts';

/**
 * Values of one metric over some time. `planes` hold one value of each subject at each time, subject by subject
 * (`subject * times.length + time`); NaN = it was not measured then. One plane = the values themselves; three = the
 * mean, the least and the greatest of all values from that time on, until the next point is due.
 */
export type Points = {
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** By `subjectKey`. */
  readonly subjects: readonly string[];
  readonly planes: readonly Float32Array[];
};

/** One value of a series that was made for reading; null = nothing was measured in that time. */
export type SeriesPoint = {
  readonly at: Date;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
} | null;

/** The values of one subject, by `subjectKey`; `points` has one entry for each step. */
export type Series = { readonly subject: string; readonly points: readonly SeriesPoint[] };

/** The looks of some time, metric by metric; one point for each look. */
export function pointsOf(looks: readonly Measured[]): ReadonlyMap<string, Points> {
  const ordered = looks.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const times = ordered.map(({ at }) => at.getTime());
  const byMetric = new Map<string, Map<string, Float32Array>>();
  for (const [index, { measurements }] of ordered.entries()) {
    for (const { metric, subject, value } of measurements) {
      const columns = obtain(byMetric, metric, () => new Map<string, Float32Array>());
      const column = obtain(columns, subjectKey(subject), () => new Float32Array(times.length).fill(Number.NaN));
      column[index] = value;
    }
  }
  return new Map([...byMetric].map(([metric, columns]) => [metric, fromColumns(times, [columns])]));
}

/** Points of different times in one; of two values of a subject at the same time the later argument's counts. */
export function mergePoints(parts: readonly Points[]): Points {
  const times = [...new Set(parts.flatMap((part) => part.times))].sort((a, b) => a - b);
  const place = new Map(times.map((time, index) => [time, index]));
  const planes = Array.from({ length: parts[0]?.planes.length ?? 1 }, () => new Map<string, Float32Array>());
  for (const part of parts) {
    for (const [index, subject] of part.subjects.entries()) {
      for (const [number, plane] of part.planes.entries()) {
        const columns = planes[number] ?? new Map<string, Float32Array>();
        const column = obtain(columns, subject, () => new Float32Array(times.length).fill(Number.NaN));
        for (const [at, time] of part.times.entries()) {
          const value = plane[index * part.times.length + at] ?? Number.NaN;
          if (!Number.isNaN(value)) column[place.get(time) ?? 0] = value;
        }
      }
    }
  }
  return fromColumns(times, planes);
}

/** One point for each `stepMs`, aligned to multiples of it: mean, least and greatest. Steps without any value are left out. */
export function rollUp(points: Points, stepMs: number): Points {
  const starts = [...new Set(points.times.map((time) => startOf(time, stepMs)))];
  const planes = [new Map<string, Float32Array>(), new Map<string, Float32Array>(), new Map<string, Float32Array>()];
  for (const [index, subject] of points.subjects.entries()) {
    const buckets = inBuckets(points, index, { starts, stepMs });
    for (const [number, columns] of planes.entries()) {
      columns.set(
        subject,
        Float32Array.from(buckets, (bucket) => bucketValue(bucket, number)),
      );
    }
  }
  return fromColumns(starts, planes);
}

/**
 * Makes a series for reading of points in different resolutions: one entry for each step from `from` to before `to`, in
 * order, null where nothing was measured. Where two parts tell of the same step, all their values count.
 */
export function alignTo(
  parts: readonly Points[],
  subject: string,
  { from, to, stepMs }: { readonly from: Date; readonly to: Date; readonly stepMs: number },
): readonly SeriesPoint[] {
  const first = startOf(from.getTime(), stepMs);
  const steps = Math.max(0, Math.ceil((to.getTime() - first) / stepMs));
  const merged = Array.from({ length: steps }, emptyBucket);
  for (const part of parts) {
    const index = part.subjects.indexOf(subject);
    // Only what the part has is looked at: a day is made of some 150 parts.
    if (index >= 0) addColumn(part, index, (time) => merged[(startOf(time, stepMs) - first) / stepMs]);
  }
  return merged.map(({ sum, count, min, max }, index) =>
    count === 0 ? null : { at: new Date(first + index * stepMs), mean: sum / count, min, max },
  );
}

function startOf(time: number, stepMs: number): number {
  return time - (time % stepMs);
}

type Bucket = { sum: number; count: number; min: number; max: number };

function emptyBucket(): Bucket {
  return { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function addBucket(into: Bucket, { sum, count, min, max }: Bucket): void {
  into.sum += sum;
  into.count += count;
  into.min = Math.min(into.min, min);
  into.max = Math.max(into.max, max);
}

/** The values of one subject by the steps that begin at `starts`; values of other times are left out. */
function inBuckets(
  points: Points,
  subject: number,
  { starts, stepMs }: { readonly starts: readonly number[]; readonly stepMs: number },
): Bucket[] {
  const buckets = starts.map(() => emptyBucket());
  const place = new Map(starts.map((start, index) => [start, index]));
  addColumn(points, subject, (time) => buckets[place.get(startOf(time, stepMs)) ?? -1]);
  return buckets;
}

/** Adds each value of a subject to the bucket of its time, where there is one. */
function addColumn(points: Points, subject: number, bucketOf: (time: number) => Bucket | undefined): void {
  const [means, mins = means, maxs = means] = points.planes;
  for (const [index, time] of points.times.entries()) {
    const bucket = bucketOf(time);
    const at = subject * points.times.length + index;
    const mean = means?.[at] ?? Number.NaN;
    if (bucket === undefined || Number.isNaN(mean)) continue;
    addBucket(bucket, { sum: mean, count: 1, min: mins?.[at] ?? mean, max: maxs?.[at] ?? mean });
  }
}

function bucketValue({ sum, count, min, max }: Bucket, plane: number): number {
  if (count === 0) return Number.NaN;
  return [sum / count, min, max][plane] ?? Number.NaN;
}

function fromColumns(times: readonly number[], planes: readonly ReadonlyMap<string, Float32Array>[]): Points {
  const subjects = [...(planes[0]?.keys() ?? [])];
  return {
    times,
    subjects,
    planes: planes.map((columns) => {
      const plane = new Float32Array(subjects.length * times.length);
      for (const [index, subject] of subjects.entries()) {
        const column = columns.get(subject);
        if (column !== undefined) plane.set(column, index * times.length);
      }
      return plane;
    }),
  };
}

function obtain<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
