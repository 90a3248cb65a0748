import { type FactAnswers, factUnknowns, factValues } from './facts.ts';
import { type MetricSubject, subjectKey } from './measurement.ts';
import type { Samples } from './page.ts';
import type { Value } from './unknown.ts';

/**
 * A backend that starts with `ignore_broken_disk` leaves out the storage paths that it finds broken: neither its page nor
 * SHOW PROC names them any more, as if nobody had ever wanted them. So the paths that a node showed are remembered, and one that is
 * shown no more is broken as long as the node's conf file names it.
 */
export type SeenPaths = Readonly<Record<string, SeenPath>>;

/** Plain JSON. */
export type SeenPath = {
  /** Milliseconds since 1970: since when whole pages of the node do not name it; left out = the last one did. */
  readonly goneMs?: number;
  /** What the node said of it before; `false` = put aside. */
  readonly isUsed: boolean;
};

/** The fact that says whether conf files name what nodes show no more. */
export const namedFact = 'vanished_path_is_named';

/** The family in which a backend says of each of its storage paths whether it uses it. */
export const diskStates = 'starrocks_be_disks_state';

/** A node has few disks; more of them than that is no list of disks. */
const mostGone = 100;
/** A path that was well when it went, and of which nobody can say whether it is wanted, is a question for so long. */
const asksForMs = 7 * 86_400_000;

export type ShownPaths = {
  /** By the path: whether the node uses it. */
  readonly shown: ReadonlyMap<string, boolean>;
  /** The page came to its end, so what it does not name is not there. */
  readonly isWhole: boolean;
  readonly atMs: number;
  readonly stands: (path: string, seen: SeenPath) => Standing;
};

/** Whether the conf file of its node names a path that the node does not show. */
export type Standing = 'NAMED' | 'NOT_NAMED' | { readonly because: string };

/** What is remembered after another page. One that names no path at all is of a node that has not opened its disks. */
export function followPaths(before: SeenPaths | undefined, { shown, isWhole, atMs, stands }: ShownPaths): SeenPaths {
  const here = [...shown].map(([path, isUsed]): [string, SeenPath] => [path, { isUsed }]);
  const away = Object.entries(before ?? {}).filter(([path]) => !shown.has(path));
  if (!isWhole || shown.size === 0) return Object.fromEntries([...away, ...here].toSorted(byPath));
  const gone = away.flatMap(([path, { isUsed, goneMs = atMs }]): [string, SeenPath][] => {
    const seen = { isUsed, goneMs };
    const standing = stands(path, seen);
    if (standing === 'NOT_NAMED') return [];
    const isOld = typeof standing === 'object' && isUsed && atMs - goneMs >= asksForMs;
    return isOld ? [] : [[path, seen]];
  });
  const kept = gone.toSorted(([, a], [, b]) => Number(a.isUsed) - Number(b.isUsed)).slice(0, mostGone);
  return Object.fromEntries([...kept, ...here].toSorted(byPath));
}

function byPath([a]: readonly [string, SeenPath], [b]: readonly [string, SeenPath]): number {
  return a < b ? -1 : 1;
}

/** The paths that a node showed and shows no more. */
export function vanishedOf(seen: SeenPaths | undefined): readonly (readonly [string, SeenPath])[] {
  return Object.entries(seen ?? {}).filter(([, { goneMs }]) => goneMs !== undefined);
}

/** Those that it shows now. */
export function shownOf(seen: SeenPaths | undefined): readonly string[] {
  return Object.entries(seen ?? {}).flatMap(([path, { goneMs }]) => (goneMs === undefined ? [path] : []));
}

export type Asked = { readonly nodeId: string; readonly facts: FactAnswers; readonly at: Date };

/** How a path stands by what was read of conf files since it vanished. */
export function standingOf(path: string, { goneMs = 0 }: SeenPath, { nodeId, facts, at }: Asked): Standing {
  const notRead = { because: `be.conf was not read since ${path} is missing` };
  const answer = facts[namedFact];
  // An answer of before is about another time at which it was missing.
  if (answer === undefined || answer.atMs < goneMs) return notRead;
  const values = factValues(facts, namedFact, at);
  if ('problem' in values) return { because: values.problem };
  const key = subjectKey({ nodeId, path });
  const found = values.get(key);
  if (found !== undefined) return found.value > 0 ? 'NAMED' : 'NOT_NAMED';
  const why = factUnknowns(facts, namedFact, at).find(({ subject }) => subjectKey(subject) === key);
  return why === undefined ? notRead : { because: why.because };
}

/** What `disk_is_used` is of a path that its node does not show; one that is wanted and not there is broken. */
export function valueOfVanished(standing: Standing): Value {
  if (standing === 'NAMED') return { value: 0 };
  return standing === 'NOT_NAMED'
    ? { reason: 'OF_NOTHING', because: 'the node does not use it any more' }
    : { reason: 'FACT_UNKNOWN', because: `the node does not show it any more: ${standing.because}` };
}

/**
 * Whether `storage_root_path` names a path that the node does not show. Where it names another one that the node does not show either, that
 * may be the same one, written through a link or in another way: then nobody knows.
 */
export function isNamed(
  path: string,
  { named, shown }: { readonly named: readonly string[]; readonly shown: readonly string[] },
): Standing {
  const [all, there] = [named.map(plain), shown.map(plain)];
  if (all.includes(plain(path))) return 'NAMED';
  const other = all.find((each) => !there.includes(each));
  return other === undefined
    ? 'NOT_NAMED'
    : { because: `be.conf names ${other}, which the node does not show either, and which may be the same` };
}

/** A backend takes the path without the slashes at its end. */
function plain(path: string): string {
  return path.replace(/\/+$/, '');
}

export type PathsOnPage = Asked & {
  readonly samples: Samples;
  readonly isWhole: boolean;
  readonly before: SeenPaths | undefined;
};

/** What is remembered of the storage paths of a backend after a page of it. */
export function pathsAfter({ samples, isWhole, before, ...asked }: PathsOnPage): SeenPaths {
  const states = samples.get(diskStates) ?? [];
  const shown = new Map(
    states.flatMap(({ labels: { path }, value }) => (path === undefined ? [] : [[path, value > 0] as const])),
  );
  const stands = (path: string, seen: SeenPath) => standingOf(path, seen, asked);
  return followPaths(before, { shown, isWhole, atMs: asked.at.getTime(), stands });
}

/** The values of the paths that a node shows no more. */
export function valuesOfVanished(
  paths: SeenPaths | undefined,
  asked: Asked,
): readonly { readonly subject: MetricSubject; readonly value: Value }[] {
  return vanishedOf(paths).map(([path, seen]) => ({
    subject: { nodeId: asked.nodeId, path },
    value: valueOfVanished(standingOf(path, seen, asked)),
  }));
}
