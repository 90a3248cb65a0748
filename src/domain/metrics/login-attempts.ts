/**
 * Names under which somebody tried to log in at a frontend and that nobody can have, as they are shown, with the time when
 * each was first seen: milliseconds since 1970, 0 = it was there when the frontend was first looked at. Plain JSON.
 */
export type LoginAttempts = Readonly<Record<string, number>>;

/** A name that came lately. */
export type LoginAttempt = { readonly name: string; readonly at: Date };

/** So long after a name was first seen, it is said to be new. */
export const newForMs = 3_600_000;
/** A frontend shows a name until it restarts, so anybody could fill our memory with them. */
const mostNames = 100;
const longestName = 40;

export type SeenNames = {
  readonly names: readonly string[];
  /** The page shows all there are, so that a name that it does not show is forgotten there. */
  readonly isWhole: boolean;
  readonly at: Date;
};

/**
 * What is known of a frontend's names after another look. A name is new once: a frontend goes on showing it until it
 * restarts, and what it showed before we first looked may be of any time. `before` undefined = this is the first look.
 */
export function followAttempts(before: LoginAttempts | undefined, { names, isWhole, at }: SeenNames): LoginAttempts {
  const atMs = at.getTime();
  const shown = new Set(names.map(showName));
  const kept = Object.entries(before ?? {}).filter(
    ([name, seenMs]) => shown.has(name) || !isWhole || atMs - seenMs < newForMs,
  );
  const known = new Set(kept.map(([name]) => name));
  const fresh = [...shown].filter((name) => !known.has(name)).map((name) => [name, before ? atMs : 0] as const);
  return Object.fromEntries([...kept, ...fresh].slice(0, mostNames));
}

/** Those of the last hour, the newest first. */
export function newAttempts(attempts: LoginAttempts, now: Date): readonly LoginAttempt[] {
  return Object.entries(attempts)
    .filter(([, atMs]) => atMs > 0 && now.getTime() - atMs < newForMs)
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([name, atMs]) => ({ name, at: new Date(atMs) }));
}

/** A name as it may stand in any message: nothing in it is a mention, a link, or a line of its own. */
export function showName(name: string): string {
  const cut = [...name].slice(0, longestName);
  const safe = cut.map((char) => (/^[\p{L}\p{N} "'{}\\=,;:./()[\]-]$/u.test(char) ? char : codeOf(char))).join('');
  return cut.length < [...name].length ? `${safe}…` : safe;
}

function codeOf(char: string): string {
  return `\\u{${char.codePointAt(0)?.toString(16)}}`;
}
