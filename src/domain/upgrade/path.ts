import { compareVersions, isSameRelease, lineOf, parseVersion, releaseNameOf, type Version } from '../version.ts';
import { knownLines, type PathVerdict, pathRules, type ReleaseRange, withdrawnReleases } from './rules.ts';

export type PathDirection = 'UPGRADE' | 'DOWNGRADE' | 'SAME';

/** One reason about a path: the rule's id, what it says, and where StarRocks says so. */
export type PathReason = {
  readonly id: string;
  readonly verdict: PathVerdict;
  readonly message: string;
  readonly source: string;
};

export type PathOpinion = { readonly verdict: PathVerdict; readonly reasons: readonly PathReason[] };

export type PathJudgement = PathOpinion & {
  readonly direction: PathDirection;
  /**
   * The judgement of going back from `to` to `from`. Where that is forbidden, there is no way back after the first
   * frontend runs `to`.
   */
  readonly returnPath: PathOpinion;
};

const longestQuote = 64;
const upgradeGuide = 'StarRocks documentation, deployment/upgrade.md';
const severity: Record<PathVerdict, number> = { ALLOWED: 0, DISCOURAGED: 1, FORBIDDEN: 2 };

/**
 * What StarRocks says about taking a cluster from one version to another. The texts are as nodes report them or as the
 * catalogue names them; a commit after the version does not matter. Reasons come worst first. Where a version cannot be
 * read, the verdict is `FORBIDDEN` and the direction means nothing.
 */
export function judgePath({ from, to }: { from: string; to: string }): PathJudgement {
  const [source, target] = [parseVersion(from), parseVersion(to)];
  if (source === null || target === null) {
    const opinion = opinionOf(unreadable([from, to]));
    return { direction: 'SAME', ...opinion, returnPath: opinion };
  }
  const order = compareVersions(source, target);
  const direction = order === 0 ? 'SAME' : order < 0 ? 'UPGRADE' : 'DOWNGRADE';
  return { direction, ...judge(source, target), returnPath: judge(target, source) };
}

/**
 * The same for a cluster whose nodes run several versions: each is judged, and the worst counts. Nodes that run `to`
 * already do not count for the direction.
 */
export function judgePaths({ from, to }: { from: readonly string[]; to: string }): PathJudgement {
  const judged = from.map((version) => judgePath({ from: version, to }));
  const directions = new Set(judged.map(({ direction }) => direction).filter((direction) => direction !== 'SAME'));
  const reasons = judged.flatMap((judgement) => judgement.reasons);
  if (from.length === 0) reasons.push(...unreadable([]));
  if (directions.size > 1) reasons.push(bothWays(from, to));
  const [direction = 'SAME'] = directions;
  return { direction, ...opinionOf(reasons), returnPath: opinionOf(judged.flatMap((each) => each.returnPath.reasons)) };
}

/** The oldest JDK that frontends of this version start with: 8 up to 3.2, 11 from 3.3, 17 from 3.5. */
export function minimumJdkOf({ major, minor }: Pick<Version, 'major' | 'minor'>): number {
  if (major > 3 || (major === 3 && minor >= 5)) return 17;
  return major === 3 && minor >= 3 ? 11 : 8;
}

function judge(from: Version, to: Version): PathOpinion {
  if (compareVersions(from, to) === 0) return opinionOf([]);
  return opinionOf([...skippedLines(from, to), ...unknownLines([from, to]), ...ofTarget(to), ...rulesFor(from, to)]);
}

function opinionOf(reasons: readonly PathReason[]): PathOpinion {
  const distinct = [...new Map(reasons.map((reason) => [`${reason.id} ${reason.message}`, reason])).values()];
  const sorted = distinct.toSorted((a, b) => severity[b.verdict] - severity[a.verdict]);
  return { verdict: sorted[0]?.verdict ?? 'ALLOWED', reasons: sorted };
}

function rulesFor(from: Version, to: Version): PathReason[] {
  return pathRules
    .filter((rule) => isWithin(from, rule.from) && isWithin(to, rule.to))
    .map(({ id, verdict, reason, source }) => ({ id, verdict, message: reason, source }));
}

function isWithin(version: Version, { line, from, below }: ReleaseRange): boolean {
  const [first, end] = [parseVersion(from ?? ''), parseVersion(below ?? '')];
  if (lineOf(version) !== line) return false;
  if (first !== null && compareVersions(version, first) < 0) return false;
  return end === null || compareVersions(version, end) < 0;
}

/** StarRocks upgrades and downgrades one minor version at a time; nobody tests the change of metadata across several. */
function skippedLines(from: Version, to: Version): PathReason[] {
  const between = linesBetween(from, to);
  if (between.length === 0) return [];
  return [
    {
      id: 'one-line-at-a-time',
      verdict: 'FORBIDDEN',
      message: `${lineOf(from)} to ${lineOf(to)} goes by way of ${between.join(', then ')}: one minor version at a time`,
      source: upgradeGuide,
    },
  ];
}

/**
 * In the order in which they have to be passed. Beyond the lines that `knownLines` has, every minor version is assumed to
 * exist.
 */
function linesBetween(from: Version, to: Version): string[] {
  const [low, high] = compareVersions(from, to) < 0 ? [from, to] : [to, from];
  const passed: string[] = knownLines.filter((line) => isAfter(line, low) && isBefore(line, high));
  if (low.major === high.major) {
    for (let minor = low.minor + 1; minor < high.minor && passed.length < knownLines.length; minor += 1) {
      const line = `${low.major}.${minor}`;
      if (!passed.includes(line)) passed.push(line);
    }
  }
  return low === from ? passed : passed.toReversed();
}

const firstOf = (line: string) => parseVersion(`${line}.0`);
const isAfter = (line: string, version: Version) => compareLines(firstOf(line), version) > 0;
const isBefore = (line: string, version: Version) => compareLines(firstOf(line), version) < 0;
const compareLines = (a: Version | null, b: Version) => (a === null ? 0 : a.major - b.major || a.minor - b.minor);

function unknownLines(versions: readonly Version[]): PathReason[] {
  const unknown = versions.map(lineOf).filter((line) => !knownLines.some((known) => known === line));
  return [...new Set(unknown)].map((line) => ({
    id: 'line-not-known',
    verdict: 'DISCOURAGED',
    message: `Nothing is known here about ${line}: its release notes say what to mind`,
    source: 'Starwarden',
  }));
}

function ofTarget(to: Version): PathReason[] {
  const withdrawn = withdrawnReleases
    .filter(({ version }) => isSameRelease(version, releaseNameOf(to)))
    .map(({ version, reason, source }): PathReason => {
      return { id: 'withdrawn', verdict: 'DISCOURAGED', message: `StarRocks withdrew ${version}: ${reason}`, source };
    });
  if (to.prerelease === null) return withdrawn;
  const message = `${releaseNameOf(to)} comes before the release ${to.major}.${to.minor}.${to.patch} and is not meant for production`;
  return [...withdrawn, { id: 'prerelease', verdict: 'DISCOURAGED', message, source: 'Starwarden' }];
}

function unreadable(texts: readonly string[]): PathReason[] {
  const unread = texts.filter((text) => parseVersion(text) === null);
  const named = [...new Set(unread)].map((text) => `"${text.slice(0, longestQuote)}"`).join(' and ');
  const what = texts.length === 0 ? 'No node told its version' : `${named} has no place among versions`;
  const message = `${what}, so nothing can be said about a path`;
  return [{ id: 'version-not-comparable', verdict: 'FORBIDDEN', message, source: 'Starwarden' }];
}

function bothWays(from: readonly string[], to: string): PathReason {
  return {
    id: 'both-ways',
    verdict: 'FORBIDDEN',
    message: `Some nodes are older and some newer than ${to} (${from.join(', ')}): bring all nodes to one version first`,
    source: 'Starwarden',
  };
}
