import type { NodeVersion } from '../../domain/topology.ts';

type Cell = string | null | undefined;

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_024,
  MB: 1_024 ** 2,
  GB: 1_024 ** 3,
  TB: 1_024 ** 4,
  PB: 1_024 ** 5,
};

/** Null for SQL NULL, a column that this version lacks, an empty text, and the text `NULL` or `N/A`. */
export function absent(cell: Cell): string | null {
  return cell === undefined || cell === null || ['', 'NULL', 'N/A'].includes(cell.trim()) ? null : cell;
}

/**
 * A number as the locale of the frontend's JVM writes it: `1234.5`, `97,45`, `1,234.5`, `1.234,5`, `1 234,5`, `1'234.5`.
 * The last separator is the decimal one, unless it occurs more than once: frontends write three decimals in sizes and do
 * not group digits themselves, so `952,147` is less than a thousand.
 */
function decimal(text: string): number | null {
  const plain = text.replaceAll(/(?<=\d)[\s'\u2019](?=\d{3})/g, '');
  // A single separator is the decimal one, even if three digits follow it.
  if (/^\d+(?:[.,]\d+)?$/.test(plain)) return Number(plain.replace(',', '.'));
  const grouped = /^(\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/.exec(plain) ?? /^(\d{1,3}(?:\.\d{3})+)(?:,(\d+))?$/.exec(plain);
  const [, whole, fraction = '0'] = grouped ?? [];
  return whole === undefined ? null : Number(`${whole.replaceAll(/[.,]/g, '')}.${fraction}`);
}

/** The cell's text if it cannot be read; undefined = the cell is empty, or can be read. */
export function unread(cell: Cell, value: number | null): string | undefined {
  return value === null ? (absent(cell)?.trim() ?? undefined) : undefined;
}

/** `1.968 TB`, `57,600GB`, `0.000 B`: three decimals at most, so the result is an estimate. Units are 1024-based. */
export function bytes(cell: Cell): number | null {
  const [, amount = '', unit = 'B'] = /^\s*(\d[\d\s.,'\u2019]*?)\s*([KMGTP]?B)\s*$/.exec(cell ?? '') ?? [];
  const value = decimal(amount);
  return value === null ? null : Math.round(value * (units[unit] ?? 1));
}

/** `83.04 %`, `97,45 %` */
export function percent(cell: Cell): number | null {
  const [, amount = ''] = /^\s*(\d[\d\s.,'\u2019]*?)\s*%\s*$/.exec(cell ?? '') ?? [];
  return decimal(amount);
}

/** A whole number; null for the `-1` of a node that was never seen, and for anything else. */
export function whole(cell: Cell): number | null {
  return cell !== undefined && cell !== null && /^\d+$/.test(cell) ? Number(cell) : null;
}

export function flag(cell: string): boolean {
  return cell.toLowerCase() === 'true';
}

/** `3.5.0-48f4d81`, `3.3.0-rc01-3b8cb0c`, `MAIN-RELEASE-d094052`: what follows the last dash is the commit. */
export function version(cell: Cell): NodeVersion | null {
  const text = absent(cell);
  if (text === null) return null;
  const [, release = text, commit = null] = /^(.+)-([0-9a-f]{7,40})$/.exec(text) ?? [];
  return { text, release, commit };
}
