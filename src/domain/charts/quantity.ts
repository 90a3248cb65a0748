import type { MetricUnit } from '../metrics/metric.ts';

/** How the values of an axis are written: divided by `factor`, with `suffix` behind them. */
export type Scale = { readonly factor: number; readonly suffix: string };

type Step = readonly [from: number, suffix: string];

const bytes: readonly Step[] = [
  [1, 'B'],
  [1_024, 'KiB'],
  [1_024 ** 2, 'MiB'],
  [1_024 ** 3, 'GiB'],
  [1_024 ** 4, 'TiB'],
  [1_024 ** 5, 'PiB'],
];

const steps: Readonly<Record<MetricUnit, readonly Step[]>> = {
  COUNT: [
    [1, ''],
    [1e6, 'million'],
    [1e9, 'billion'],
  ],
  PER_SECOND: [[1, '/s']],
  MILLISECONDS: [
    [1, 'ms'],
    [1_000, 's'],
    [120_000, 'min'],
    [7_200_000, 'h'],
  ],
  SECONDS: [
    [1, 's'],
    [120, 'min'],
    [7_200, 'h'],
    [172_800, 'days'],
  ],
  BYTES: bytes,
  BYTES_PER_SECOND: bytes.map(([from, suffix]) => [from, `${suffix}/s`] as const),
  SHARE: [[0.01, '%']],
  DAYS: [[1, 'days']],
};

/** From 120 s on people count minutes, which are 60 s. */
const factors: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  MILLISECONDS: { min: 60_000, h: 3_600_000 },
  SECONDS: { min: 60, h: 3_600, days: 86_400 },
};

/** The scale in which a value of that size is written. */
export function scaleFor(value: number, unit: MetricUnit): Scale {
  const size = Math.abs(value);
  const [first, ...others] = steps[unit];
  const [from, suffix] = others.findLast(([least]) => size >= least) ?? first ?? [1, ''];
  return { factor: factors[unit]?.[suffix] ?? from, suffix };
}

/** A value as people write it: `1.2 GiB`, `12.4 s`, `85 %`, `3 days`. Three digits at most, unless it is a whole number. */
export function quantity(value: number, unit: MetricUnit): string {
  return inScale(value, scaleFor(value, unit));
}

/** The same in a scale that was chosen before, so that several can be compared. */
export function inScale(value: number, { factor, suffix }: Scale): string {
  const scaled = value / factor;
  const shown = digits(scaled);
  // 100 % is said of the whole only.
  const number = suffix === '%' && shown === '100' && scaled < 100 ? digits(Math.floor(scaled * 10) / 10) : shown;
  const word = suffix === 'days' && number === '1' ? 'day' : suffix;
  return word === '' ? number : `${number} ${word}`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1) return trimmed(value.toFixed(Math.min(6, 1 - Math.floor(Math.log10(size)))));
  if (size < 99.95) return trimmed(value.toFixed(1));
  return String(Math.round(value));
}

function trimmed(text: string): string {
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short === '-0' || short === '' ? '0' : short;
}
