import type { FactAnswer, FactAnswers, FactName, FactUnknown, FactValue } from '../../domain/metrics/facts.ts';
import type { MetricSubject } from '../../domain/metrics/measurement.ts';

/** What a reader of facts found: the values of each of its facts. */
export type Found = {
  readonly [name in FactName]?: readonly FactValue[];
} & {
  /** What was left out of them, in words. */
  readonly cut?: string;
  /** What could not be told of single subjects, and why. */
  readonly unknown?: { readonly [name in FactName]?: readonly FactUnknown[] };
};

/** One value about the cluster. */
export function ofCluster(value: number): readonly FactValue[] {
  return [{ subject: {}, value }];
}

/** One value about each subject; null = there is none about this one. */
export function ofEach<T>(
  items: readonly T[],
  subjectOf: (item: T) => MetricSubject,
  numberOf: (item: T) => number | null,
): readonly FactValue[] {
  return items.flatMap((item) => {
    const value = numberOf(item);
    return value === null || !Number.isFinite(value) ? [] : [{ subject: subjectOf(item), value }];
  });
}

/** The answers of one reader, at one time. */
export function answersOf(found: Found, names: readonly FactName[], { atMs }: { atMs: number }): FactAnswers {
  const { cut } = found;
  const answers = names.map((name): [FactName, FactAnswer] => {
    const values = found[name] ?? [];
    const unknown = found.unknown?.[name] ?? [];
    return [
      name,
      { atMs, values, ...(unknown.length === 0 ? {} : { unknown }), ...(cut === undefined ? {} : { cut }) },
    ];
  });
  return Object.fromEntries(answers);
}
