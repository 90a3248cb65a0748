import { bytesInWords } from '../backup/sizes.ts';
import type { MetricUnit } from '../metrics/metric.ts';
import { momentIn } from '../metrics/moments.ts';
import { inUtc } from '../utc.ts';
import type { Comparison } from './rule.ts';

/** `92 %`, `12.4 s`, `3 GiB`, `1,204`: short enough to read at a glance, so that small changes do not change the words. */
export function valueInWords(value: number, unit: MetricUnit): string {
  switch (unit) {
    case 'SHARE':
      return `${percent(value * 100)} %`;
    case 'MILLISECONDS':
      return value < 999.5 ? `${rounded(value, 0)} ms` : secondsInWords(value / 1_000);
    case 'SECONDS':
      return secondsInWords(value);
    case 'BYTES':
      return bytesInWords(value);
    case 'BYTES_PER_SECOND':
      return `${bytesInWords(value)} per second`;
    case 'PER_SECOND':
      return `${small(value)} per second`;
    case 'DAYS':
      return `${small(value)} ${small(value) === '1' ? 'day' : 'days'}`;
    case 'COUNT':
      return small(value);
    default:
      return unit satisfies never;
  }
}

/** A value beside a threshold that it has passed: `85.3 %` where 85 % would read as if nothing were wrong. */
export function valueBeside(value: number, threshold: number, unit: MetricUnit): string {
  const text = valueInWords(value, unit);
  if (value === threshold || text !== valueInWords(threshold, unit)) return text;
  return unit === 'SHARE' ? `${exact(value * 100)} %` : `${exact(value)} ${exactUnits[unit]}`.trim();
}

/** `The certificate expired at 2027-01-02 00:00 UTC.`, of what has so many days left at a moment. */
export function endInWords(what: string, days: number, at: Date): string {
  return `${what} ${days > 0 ? 'expires' : 'expired'} at ${inUtc(momentIn(days, at))}.`;
}

export function sideInWords(compare: Comparison): 'over' | 'below' {
  return compare === 'ABOVE' ? 'over' : 'below';
}

const exactUnits = {
  MILLISECONDS: 'ms',
  SECONDS: 's',
  BYTES: 'bytes',
  BYTES_PER_SECOND: 'bytes per second',
  PER_SECOND: 'per second',
  DAYS: 'days',
  COUNT: '',
} as const satisfies Record<Exclude<MetricUnit, 'SHARE'>, string>;

function exact(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** `100` is said of the whole only: 99.97 % of all connections are not all of them. */
function percent(value: number): string {
  const text = rounded(value, value < 9.95 ? 1 : 0);
  return text === '100' && value < 100 ? rounded(Math.floor(value * 10) / 10, 1) : text;
}

function secondsInWords(seconds: number): string {
  return `${rounded(seconds, seconds < 99.95 ? 1 : 0)} s`;
}

function small(value: number): string {
  return rounded(value, Math.abs(value) < 9.95 ? 2 : Math.abs(value) < 99.5 ? 1 : 0);
}

/** Without zeros that say nothing: `6`, not `6.0`. `0` is said of nothing only: what is less than can be shown is `0.002`. */
function rounded(value: number, digits: number): string {
  const text = new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }).format(value);
  return value !== 0 && /^-?0$/.test(text) ? String(Number(value.toPrecision(1))) : text;
}
