import { readFileSync } from 'node:fs';

/** One series of a family: its labels as they stand on the page, braces and all, or '' for none. */
export type Series = readonly [labels: string, value: string | number];

export type Family = {
  /** Without `starrocks_fe_`. */
  name: string;
  type: string;
  help: string;
  /** Families of one group are visited together, one label after the other; null for those that stand alone. */
  group: string | null;
  /** The first release with it, as `[major, minor]`; null when all that are emulated have it. */
  since: readonly [number, number] | null;
  /** What is shown where this frontend has no number of its own; empty when it has. */
  usual: readonly Series[];
};

/**
 * The families of a frontend of June 2025 in the order in which its leader showed them, from a recorded page. `@` in the
 * file stands for series that follow from what the stand-in does (`live.ts`).
 */
export const families: readonly Family[] = readFamilies();

function readFamilies(): Family[] {
  const text = readFileSync(new URL('./families.tsv', import.meta.url), 'utf8');
  const found = new Map<string, Family & { usual: Series[] }>();
  for (const line of text.trimEnd().split('\n').slice(1)) {
    const [name = '', type = '', help = '', group = '-', since = '-', labels = '-', value = ''] = line.split('\t');
    const family = found.get(name) ?? { name, type, help, group: orNull(group), since: version(since), usual: [] };
    found.set(name, family);
    if (value !== '@') family.usual.push([labels === '-' ? '' : labels, value]);
  }
  return [...found.values()];
}

function orNull(text: string): string | null {
  return text === '-' ? null : text;
}

function version(text: string): readonly [number, number] | null {
  const [major, minor] = text.split('.').map(Number);
  return major === undefined || minor === undefined ? null : [major, minor];
}
