import type { Subject } from '../../domain/subject.ts';
import { count, safe } from './text.ts';

/** `5 nodes`, `8 hosts`: the number of lanes, with the word for what they are about. */
export function countLanes(lanes: readonly { readonly about: Subject }[]): string {
  const [kind, ...others] = new Set(lanes.map(({ about }) => about.kind));
  return count(lanes.length, kind === undefined || kind === 'cluster' || others.length > 0 ? 'part' : kind);
}

/** The first few names; the rest is counted. */
export function someNames(names: readonly string[], most: number): string {
  const rest = names.length - most;
  const shown = names.slice(0, rest === 1 ? most + 1 : most).map((name) => safe(name, 80));
  return `${shown.join(', ')}${rest > 1 ? ` and ${rest} more` : ''}`;
}

/** How many lanes go at a time; empty for a single lane. */
export function paceOf(lanes: number, width: number): string {
  if (lanes <= 1) return '';
  if (width >= lanes) return 'all at once';
  return width === 1 ? 'one after the other' : `${width} at a time`;
}
