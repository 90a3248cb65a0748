import type { NodeKind } from '../cluster.ts';

/** One line of `/metrics`; `value` may be NaN or infinite, as nodes send it. */
export type PageSample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** What the page of a node said of the wanted families, or why it was not read. */
export type Page =
  | {
      readonly samples: readonly PageSample[];
      /** When it was read; default: the time of the look. */
      readonly at?: Date;
      /** It ended too early: what was read is right, and series may be missing. Left out = nobody looked whether it did. */
      readonly isCut?: boolean;
    }
  | { readonly problem: string };

/** What deriving has to know of a node. */
export type MetricNode = {
  readonly id: string;
  readonly kind: NodeKind;
  /** What the cluster says of it: a sum over all nodes waits for those that live. */
  readonly alive: boolean;
  readonly version: string | null;
};

/** A sample with the text that is the same for the same name and labels, in whatever order they stand. */
export type KeyedSample = PageSample & { readonly key: string };

/** The samples of a page by family. */
export type Samples = ReadonlyMap<string, readonly KeyedSample[]>;

/**
 * The labels of a page are kept from look to look and cannot change, so what their text is, is found out once; see
 * `readLabels`. What goes through the hands of others may change, and is not kept.
 */
const textsOfLabels = new WeakMap<PageSample['labels'], string>();

export function sampleKey({ name, labels }: Pick<PageSample, 'name' | 'labels'>): string {
  const known = textsOfLabels.get(labels);
  if (known !== undefined) return name + known;
  const text = textOfLabels(labels);
  if (Object.isFrozen(labels)) textsOfLabels.set(labels, text);
  return name + text;
}

function textOfLabels(labels: PageSample['labels']): string {
  const pairs = Object.entries(labels);
  if (pairs.length === 0) return '';
  return JSON.stringify(pairs.length === 1 ? pairs : pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
