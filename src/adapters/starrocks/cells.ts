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

/** `1.968 TB`, `57.600GB`, `0.000 B`: three decimals at most, so the result is an estimate. Units are 1024-based. */
export function bytes(cell: Cell): number | null {
  const [, amount, unit = 'B'] = /^\s*(\d+(?:\.\d+)?)\s*([KMGTP]?B)\s*$/.exec(cell ?? '') ?? [];
  return amount === undefined ? null : Math.round(Number(amount) * (units[unit] ?? 1));
}

/** `83.04 %` */
export function percent(cell: Cell): number | null {
  const [, amount] = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(cell ?? '') ?? [];
  return amount === undefined ? null : Number(amount);
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
