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
  quantile(share: number): number;
  mean(): number;
  readonly count: number;
};

type Options = { speed: number; now?: () => number };

export function createReservoir({ speed, now = () => performance.now() }: Options): Reservoir {
  const samples: { value: number; at: number }[] = [];
  let count = 0;
  const weighted = () => {
    const newest = samples.at(-1)?.at ?? 0;
    return samples.map(({ value, at }) => ({
      value,
      weight: Math.exp((-decayPerSecond * speed * (newest - at)) / 1000),
    }));
  };
  return {
    add(value) {
      count++;
      samples.push({ value, at: now() });
      if (samples.length > keptSamples) samples.shift();
    },
    quantile(share) {
      const sorted = weighted().sort((a, b) => a.value - b.value);
      const wanted = share * sorted.reduce((sum, { weight }) => sum + weight, 0);
      let reached = 0;
      for (const { value, weight } of sorted) {
        reached += weight;
        if (reached >= wanted) return value;
      }
      return sorted.at(-1)?.value ?? 0;
    },
    mean() {
      const all = weighted();
      const weights = all.reduce((sum, { weight }) => sum + weight, 0);
      return weights === 0 ? 0 : all.reduce((sum, { value, weight }) => sum + value * weight, 0) / weights;
    },
    get count() {
      return count;
    },
  };
}

const quantiles = [0.75, 0.95, 0.98, 0.99, 0.999];

export function summaryOf(reservoir: Reservoir): Summary {
  return {
    quantiles: quantiles.map((share) => [String(share), javaDouble(reservoir.quantile(share))]),
    sum: javaDouble(reservoir.count * reservoir.mean()),
    count: reservoir.count,
  };
}

export const emptySummary: Summary = {
  quantiles: quantiles.map((share) => [String(share), '0.0']),
  sum: '0.0',
  count: 0,
};
