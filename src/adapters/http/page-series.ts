import type { MetricSample } from './metrics-page.ts';
import type { LabelSet } from './page-labels.ts';
import type { Oddities } from './page-oddities.ts';

/**
 * Thread pools are registered when a frontend starts and again when it becomes the leader
 * (`registerAllThreadPoolMetric`), and a pool that was made anew in between under the same name is there twice; the one
 * that is no longer used does not count up. No other family is registered twice.
 */
const registeredTwice = new Set(['starrocks_fe_thread_pool']);

export type Series = {
  add(name: string, set: LabelSet, value: number): void;
  /** Those of which the page tells one value. */
  samples(): MetricSample[];
  families(): ReadonlySet<string>;
};

type Told = { readonly name: string; readonly set: LabelSet; value: number; isContradictory: boolean };

/** A series that stands there twice with different values has none, except where StarRocks itself prints it twice. */
export function createSeries(oddities: Oddities): Series {
  const byFamily = new Map<string, Map<string, Told>>();

  const again = (told: Told, value: number) => {
    if (Object.is(told.value, value)) return;
    if (registeredTwice.has(told.name)) {
      if (Number.isNaN(told.value) || value > told.value) told.value = value;
      return;
    }
    if (!told.isContradictory) oddities.add('CONTRADICTORY', seriesName(told));
    told.isContradictory = true;
  };
  return {
    add(name, set, value) {
      let family = byFamily.get(name);
      if (family === undefined) {
        family = new Map();
        byFamily.set(name, family);
      }
      const told = family.get(set.key);
      if (told === undefined) family.set(set.key, { name, set, value, isContradictory: false });
      else again(told, value);
    },
    samples: () =>
      [...byFamily.values()].flatMap((family) =>
        [...family.values()].flatMap(({ name, set, value, isContradictory }) =>
          isContradictory ? [] : { name, labels: set.labels, value },
        ),
      ),
    families: () => new Set(byFamily.keys()),
  };
}

function seriesName({ name, set }: Told): string {
  const labels = Object.entries(set.labels).map(([label, value]) => `${label}="${value}"`);
  return labels.length === 0 ? name : `${name}{${labels.join(', ')}}`;
}
