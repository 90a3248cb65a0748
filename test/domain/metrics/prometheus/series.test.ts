import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMetric } from '../../../../src/domain/metrics/catalogue/index.ts';
import type { SeriesPoint } from '../../../../src/domain/metrics/points.ts';
import { questionFor } from '../../../../src/domain/metrics/prometheus/question.ts';
import { endsOf, joinAtSeams } from '../../../../src/domain/metrics/prometheus/seam.ts';
import { type AnsweredSeries, seriesOf } from '../../../../src/domain/metrics/prometheus/series.ts';
import type { MetricRange } from '../../../../src/domain/metrics/range.ts';

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;

function rangeOf(name: string, { steps = 3, stepMs = 10 * minute, isOverall = false } = {}): MetricRange {
  const metric = findMetric(name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  return { metric, isOverall, from: new Date(start), to: new Date(start + steps * stepMs), stepMs };
}

describe('the question', () => {
  const site = { instanceLabel: 'instance', scrapeMs: 15_000 };
  const ask = (range: MetricRange, nowMs: number) =>
    questionFor({ range, site, matchers: {}, now: new Date(start + nowMs) });

  it('is about the steps that end, and apart from them about the one that goes on', () => {
    const asked = ask(rangeOf('memory_bytes'), 25 * minute);
    expect(asked?.range).toMatchObject({ startS: start / 1_000 + 600, endS: start / 1_000 + 1_200, stepS: 600 });
    expect(asked?.range?.query).toMatch(/avg_over_time\(\(.*\)\[599999ms:15000ms\]\).*min_over_time.*max_over_time/);
    expect(asked?.last?.atMs).toBe(start + 25 * minute);
    expect(asked?.last?.query).toContain('[299999ms:15000ms]');
    expect(ask(rangeOf('memory_bytes'), 40 * minute)?.last).toBeNull();
    expect(ask(rangeOf('memory_bytes'), -minute)).toEqual({ range: null, last: null });
  });

  it('looks into a step sixty times at most, and not at all where it is as short as the pace', () => {
    expect(ask(rangeOf('memory_bytes', { stepMs: 3_600_000 }), 1e9)?.range?.query).toContain('[3599999ms:60000ms]');
    expect(ask(rangeOf('memory_bytes', { stepMs: 15_000 }), 1e9)?.range?.query).not.toContain('over_time');
  });

  it('is none about what no page has', () => {
    expect(ask(rangeOf('tablets'), 1e9)).toBeNull();
    expect(ask(rangeOf('memory_of_limit'), 1e9)).toBeNull();
  });
});

const answered = (
  labels: Record<string, string>,
  ...values: readonly (readonly [number, number])[]
): AnsweredSeries => ({
  labels,
  values: values.map(([minutes, value]) => [start + minutes * minute, value]),
});
const nodeOf = (instance: string) => ({ 'fe:1': 'a', fe: 'a', 'be:1': null })[instance];
const read = (range: MetricRange, over: readonly AnsweredSeries[], last: readonly AnsweredSeries[] = []) =>
  seriesOf({ range, place: { nodeOf }, instanceLabel: 'instance', over, last });
const point = (minutes: number, mean: number, min = mean, max = mean): SeriesPoint => ({
  at: new Date(start + minutes * minute),
  mean,
  min,
  max,
});
const a = '[["nodeId","a"]]';

describe('an answer', () => {
  it('is put into steps by when they end, and the last value into the one that goes on', () => {
    const instance = { instance: 'fe:1' };
    const plane = (value: string) => ({ ...instance, starwarden_value: value });
    const over = [
      answered(plane('mean'), [10, 2], [20, 5]),
      answered(plane('min'), [10, 1], [20, 4]),
      answered(plane('max'), [10, 3], [20, Number.NaN]),
    ];
    const { series, notes } = read(rangeOf('query_p95_ms'), over, [answered(instance, [25, 7])]);
    expect(series).toEqual([{ subject: a, points: [point(0, 2, 1, 3), null, point(20, 7)] }]);
    expect(notes).toEqual([]);
  });

  it('says what it leaves out: nodes of nobody, but not those that cannot have the metric', () => {
    const over = [
      answered({ instance: 'fe:1' }, [10, 1]),
      answered({ instance: 'x"y' }, [10, 1]),
      answered({ instance: 'be:1' }, [10, 0]),
    ];
    const { series, notes } = read(rangeOf('query_p95_ms'), over);
    expect(series.map(({ subject }) => subject)).toEqual([a]);
    expect(notes).toEqual(['not shown are values of nodes that are none of the cluster\'s now: instance "x\\"y"']);
  });

  it('does not choose where a node is there under two names that do not agree', () => {
    const over = [answered({ instance: 'fe:1' }, [10, 1], [20, 2]), answered({ instance: 'fe' }, [10, 1], [20, 3])];
    expect(read(rangeOf('query_p95_ms'), over).series).toEqual([{ subject: a, points: [point(0, 1), null, null] }]);
  });

  it('names what nodes share by its label, and shows no more users than are kept', () => {
    const over = Array.from({ length: 60 }, (_, index) => answered({ user: `u${index}` }, [10, index]));
    const { series, notes } = read(rangeOf('user_connections'), over);
    expect(series).toHaveLength(50);
    expect(series.map(({ subject }) => subject)).toContain('[["user","u59"]]');
    expect(series.map(({ subject }) => subject)).not.toContain('[["user","u9"]]');
    expect(notes).toEqual(['the 50 with the highest values are shown, of 60']);
  });
});

describe('a seam', () => {
  const of = (subject: string, ...values: readonly (number | null)[]) => ({
    subject,
    points: values.map((value, index) => (value === null ? null : point(index * 10, value))),
  });
  const atOf = (step: number) => new Date(start + step * 10 * minute);

  it('is where ours begins or ends, and nowhere in the middle', () => {
    const theirs = [of('x', null, null, 3, null, 5, null)];
    const ours = [of('x', null, 20, 30, 40, 50, 60), of('y', null, 7, 7, 7, 7, null)];
    const ends = endsOf(theirs, 6);
    expect(ends).toEqual({ before: 2, after: 1 });
    if (ends === null) return;
    expect(joinAtSeams({ ours, theirs }, { ends, steps: 6, atOf })).toEqual({
      series: [of('x', null, 20, 3, null, 5, 60), of('y', null, 7, null, null, null, null)],
      seams: [
        { at: atOf(2), source: 'PROMETHEUS' },
        { at: atOf(5), source: 'STARWARDEN' },
      ],
    });
  });

  it('is none where ours has nothing either', () => {
    const theirs = [of('x', null, 1, null)];
    const ends = endsOf(theirs, 3) ?? { before: 0, after: 0 };
    expect(joinAtSeams({ ours: [of('x', null, 9, null)], theirs }, { ends, steps: 3, atOf })).toEqual({
      series: theirs,
      seams: [],
    });
    expect(endsOf([of('x', null, null)], 2)).toBeNull();
  });

  it('never changes a value, and takes each from one source', () => {
    const values = fc.array(fc.option(fc.integer(), { nil: null }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(values, values, (own, their) => {
        const [ours, theirs] = [[of('x', ...own)], [of('x', ...their)]];
        const ends = endsOf(theirs, 6);
        if (ends === null) return;
        const { series, seams } = joinAtSeams({ ours, theirs }, { ends, steps: 6, atOf });
        const points = series[0]?.points ?? [];
        const first = seams.find(({ source }) => source === 'PROMETHEUS')?.at ?? atOf(0);
        const last = seams.find(({ source }) => source === 'STARWARDEN')?.at ?? atOf(6);
        for (const [index, found] of points.entries()) {
          const isTheirs = atOf(index) >= first && atOf(index) < last;
          expect(found?.mean ?? null).toBe((isTheirs ? their : own)[index] ?? null);
        }
      }),
    );
  });
});
