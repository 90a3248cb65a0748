import type { Faults } from './faults.ts';

/**
 * What rules of kind `metric` make of a page: each line whose series (name and labels) fits `match` gets `value` as its number,
 * as text, so that a page can say NaN, 1e3 or nothing that is a number. HELP and TYPE stay.
 */
export function rewritten(faults: Faults, page: string): string {
  if (!faults.has('metric')) return page;
  return page
    .split('\n')
    .map((line) => {
      const [, series, number] = /^([a-zA-Z_][^ ]*(?:\{.*\})?) ([^ ]+)$/.exec(line) ?? [];
      const rule = series === undefined || number === undefined ? null : faults.strike('metric', series);
      return rule === null ? line : `${series} ${rule.value ?? '0'}`;
    })
    .join('\n');
}
