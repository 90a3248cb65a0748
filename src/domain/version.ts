/** Kinds of builds before a release, oldest first. */
const prereleaseKinds = ['dev', 'snapshot', 'alpha', 'preview', 'beta', 'rc'] as const;
type PrereleaseKind = (typeof prereleaseKinds)[number];

/** A version of StarRocks, read from what a node reports or a person types. Compare with `compareVersions`. */
export type Version = {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `rc01` is `{ kind: 'rc', number: 1 }`; null for a release. */
  readonly prerelease: { readonly kind: PrereleaseKind; readonly number: number } | null;
  /** A vendor's addition to the release, lower case, e.g. `ee1`; null for StarRocks' own. */
  readonly build: string | null;
  /** The commit that a node reports after its version, e.g. `48f4d81`; it says nothing about the order. */
  readonly commit: string | null;
};

const longestText = 64; // the column in the catalogue
const shape = /^(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})\.(0|[1-9]\d{0,4})((?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)*)$/;
const prereleaseShape = new RegExp(`^(${prereleaseKinds.join('|')})[.]?(\\d{0,4})$`, 'i');
// git abbreviates to at least 7 digits, which also distinguishes a commit from a vendor's `ee1`
const commitShape = /^[0-9a-f]{7,40}$/i;

/**
 * Reads `3.5.0`, `3.5.0-48f4d81`, `3.4.0-RC1`, `3.3.15-ee1-6c9a3f1`. Null for a text that cannot be ordered, such as the
 * `MAIN-RELEASE-d094052` of a development build. Never throws, whatever the text.
 */
export function parseVersion(text: string): Version | null {
  const match = text.length > longestText ? null : shape.exec(text);
  if (match === null) return null;
  const [, major, minor, patch, rest = ''] = match;
  const suffixes = rest.split('-').slice(1);
  const commit = commitShape.test(suffixes.at(-1) ?? '') ? (suffixes.pop() ?? null) : null;
  if (commitShape.test(suffixes.at(-1) ?? '')) return null; // two commits, or a build that looks like one: they cannot be told apart
  const prerelease = readPrerelease(suffixes[0]);
  const build = (prerelease === null ? suffixes : suffixes.slice(1)).join('-').toLowerCase();
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease,
    build: build === '' ? null : build,
    commit,
  };
}

function readPrerelease(suffix = ''): Version['prerelease'] {
  const match = prereleaseShape.exec(suffix);
  const kind = prereleaseKinds.find((known) => known === match?.[1]?.toLowerCase());
  return kind === undefined ? null : { kind, number: Number(match?.[2] ?? '') };
}

/**
 * Below 0 when `a` is older, 0 when both are the same release, above 0 when `a` is newer. 3.10 is newer than 3.9, a
 * release newer than its candidates, a vendor's build newer than the release it is built on.
 */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.major - b.major ||
    a.minor - b.minor ||
    a.patch - b.patch ||
    stageOf(a) - stageOf(b) ||
    (a.prerelease?.number ?? 0) - (b.prerelease?.number ?? 0) ||
    compareBuilds(a.build, b.build)
  );
}

/** True when both texts name one release: `3.5.0` and the `3.5.0-48f4d81` that its nodes report. */
export function isSameRelease(a: string, b: string): boolean {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left === null || right === null ? a === b : compareVersions(left, right) === 0;
}

/** The one way in which the catalogue writes this release: without the commit, lower case, `rc01`. */
export function releaseNameOf({ major, minor, patch, prerelease, build }: Version): string {
  const number = prerelease === null || prerelease.number === 0 ? '' : String(prerelease.number).padStart(2, '0');
  const parts = [`${major}.${minor}.${patch}`, ...(prerelease === null ? [] : [`${prerelease.kind}${number}`])];
  return [...parts, ...(build === null ? [] : [build])].join('-');
}

/** The version's line of releases: `3.5`. */
export function lineOf({ major, minor }: Version): string {
  return `${major}.${minor}`;
}

function stageOf({ prerelease }: Version): number {
  return prerelease === null ? prereleaseKinds.length : prereleaseKinds.indexOf(prerelease.kind);
}

function compareBuilds(a: string | null, b: string | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  const [left, right] = [buildWords(a), buildWords(b)];
  for (const [index, word] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const difference = compareWords(word, other);
    if (difference !== 0) return difference;
  }
  return left.length - right.length || compareWords(a, b);
}

/** `ee10` is `ee` and `10`, so that it comes after `ee9`. */
function buildWords(build: string): string[] {
  return build.match(/\d+|[a-z]+/g) ?? [];
}

function compareWords(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)];
  if (!Number.isNaN(left) && !Number.isNaN(right)) return Math.sign(left - right);
  return a < b ? -1 : a > b ? 1 : 0;
}
