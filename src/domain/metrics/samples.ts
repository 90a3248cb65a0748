import type { Family, LabelFilter } from './metric.ts';
import { type KeyedSample, type PageSample, type Samples, sampleKey } from './page.ts';

/** The samples of a page by family, in one pass. */
export function groupSamples(samples: readonly PageSample[]): Samples {
  return Map.groupBy(
    samples.map((sample) => ({ ...sample, key: sampleKey(sample) })),
    ({ name }) => name,
  );
}

/** The samples of the first name that the page has; undefined = it has none of them. */
export function findFamily(samples: Samples, { names }: Family): readonly KeyedSample[] | undefined {
  const name = names.find((each) => samples.has(each));
  return name === undefined ? undefined : samples.get(name);
}

export function matches({ labels }: PageSample, where: LabelFilter = {}): boolean {
  for (const label in where) {
    const [wanted, value] = [where[label], labels[label]];
    if (wanted === undefined || !isWanted(wanted, value)) return false;
  }
  return true;
}

function isWanted(wanted: LabelFilter[string], value: string | undefined): boolean {
  if (typeof wanted === 'object' && 'not' in wanted) return value !== wanted.not;
  return value !== undefined && (typeof wanted === 'string' ? value === wanted : wanted.includes(value));
}
