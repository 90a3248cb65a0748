import { javaDouble } from './java-number.ts';
import type { Summary } from './page.ts';

/** Kept samples and decay per second of StarRocks time, as the library behind the real summaries has them. */
const keptSamples = 1028;
const decayPerSecond = 0.015;

/**
 * What a summary of a frontend is made of: its quantiles are those of the last minutes, the older a sample the less it
 * counts. They **stand still while nothing comes**, and `_sum` is the mean of now times the count of ever, so that it may fall.
 */
export type Reservoir = {
  add(value: number): void;
  /** The quantiles for these shares from 0 to 1, and the mean; 0 while there is no sample. */
  read(shares: readonly number[]): { quantiles: number[]; mean: number };
  /** How many samples ever came. */
  readonly count: number;
};

type Options = { speed: number; now?: () => number };

export function createReservoir({ speed, now = () => performance.now() }: Options): Reservoir {
  const samples: { value: number; at: number }[] = [];
  let count = 0;
  return {
    add(value) {
      count++;
      samples.push({ value, at: now() });
      if (samples.length > keptSamples) samples.shift();
    },
    read(shares) {
      const newest = samples.at(-1)?.at ?? 0;
      const weighted = samples
        .map(({ value, at }) => ({ value, weight: Math.exp((-decayPerSecond * speed * (newest - at)) / 1000) }))
        .sort((a, b) => a.value - b.value);
      const all = weighted.reduce((sum, { weight }) => sum + weight, 0);
      const mean = all === 0 ? 0 : weighted.reduce((sum, { value, weight }) => sum + value * weight, 0) / all;
      return { quantiles: shares.map((share) => quantileOf(weighted, share * all)), mean };
    },
    get count() {
      return count;
    },
  };
}

/** The value at which the weights from the smallest on reach `wanted`. */
function quantileOf(sorted: readonly { value: number; weight: number }[], wanted: number): number {
  let reached = 0;
  for (const { value, weight } of sorted) {
    reached += weight;
    if (reached >= wanted) return value;
  }
  return sorted.at(-1)?.value ?? 0;
}

const shares = [0.75, 0.95, 0.98, 0.99, 0.999];

export function summaryOf(reservoir: Reservoir): Summary {
  const { quantiles, mean } = reservoir.read(shares);
  return {
    quantiles: quantiles.map((value, at) => [String(shares[at]), javaDouble(value)]),
    sum: javaDouble(reservoir.count * mean),
    count: reservoir.count,
  };
}

export const emptySummary: Summary = {
  quantiles: shares.map((share) => [String(share), '0.0']),
  sum: '0.0',
  count: 0,
};
