import { bytesInWords } from '../backup/sizes.ts';
import type { MetricUnit } from '../metrics/metric.ts';
import type { Comparison } from './rule.ts';

/** `92 %`, `12.4 s`, `3 GiB`, `1,204`: short enough to read at a glance, so that small changes do not change the words. */
export function valueInWords(value: number, unit: MetricUnit): string {
  switch (unit) {
    case 'SHARE':
      return `${rounded(value * 100, value < 0.0995 ? 1 : 0)} %`;
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
      return `${small(value)} days`;
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

function secondsInWords(seconds: number): string {
  return `${rounded(seconds, seconds < 99.95 ? 1 : 0)} s`;
}

function small(value: number): string {
  return rounded(value, Math.abs(value) < 9.95 ? 2 : Math.abs(value) < 99.5 ? 1 : 0);
}

/** Without zeros that say nothing: `6`, not `6.0`. */
function rounded(value: number, digits: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }).format(value);
}
