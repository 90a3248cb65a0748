import type { Family, LabelFilter } from './metric.ts';
import type { PageSample, Samples } from './page.ts';

/** The samples of a page by family, in one pass. */
export function groupSamples(samples: readonly PageSample[]): Samples {
  return Map.groupBy(samples, ({ name }) => name);
}

/** The samples of the first name that the page has; undefined = it has none of them. */
export function findFamily(samples: Samples, { names }: Family): readonly PageSample[] | undefined {
  const name = names.find((each) => samples.has(each));
  return name === undefined ? undefined : samples.get(name);
}

export function matches({ labels }: PageSample, where: LabelFilter = {}): boolean {
  return Object.entries(where).every(([label, wanted]) => {
    const value = labels[label];
    return value !== undefined && (typeof wanted === 'string' ? value === wanted : wanted.includes(value));
  });
}
