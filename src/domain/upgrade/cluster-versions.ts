import type { NodeKind, ObservedNode } from '../cluster.ts';
import { compareVersions, isSameRelease, parseVersion, releaseNameOf } from '../version.ts';

/** `MIXED`: nodes run different releases, as during an upgrade. `UNKNOWN`: some nodes reported none, and the others agree. */
export type VersionState = 'UNIFORM' | 'MIXED' | 'UNKNOWN';

/** How many nodes of each kind run a release. */
export type VersionGroup = {
  /** As the nodes report it; without the commit where they report several. Null for nodes that never reported one. */
  readonly version: string | null;
  readonly frontends: number;
  readonly backends: number;
  readonly computeNodes: number;
};

export type VersionPicture = {
  readonly state: VersionState;
  /** One sentence, e.g. `3 backends on 3.5.0, 2 frontends on 3.4.6`. */
  readonly summary: string;
  /** Newest first; nodes that never reported a version come last. */
  readonly byVersion: readonly VersionGroup[];
};

type Versioned = Pick<ObservedNode, 'kind' | 'version'>;

/** What nodes report about their versions, compared by meaning: another commit of the same release is the same release. */
export function pictureVersions(nodes: readonly Versioned[]): VersionPicture {
  const releases: { version: string | null; nodes: Versioned[] }[] = [];
  for (const node of nodes) {
    const known = releases.find(({ version }) => isSame(version, node.version));
    if (known === undefined) releases.push({ version: node.version, nodes: [node] });
    else known.nodes.push(node);
  }
  const groups = releases.toSorted((a, b) => compareNewestFirst(a.version, b.version)).map(groupOf);
  const told = groups.filter(({ version }) => version !== null).length;
  const state = told > 1 ? 'MIXED' : told === 1 && groups.length === 1 ? 'UNIFORM' : 'UNKNOWN';
  return { state, summary: summaryOf(state, groups), byVersion: groups };
}

function isSame(a: string | null, b: string | null): boolean {
  return a === null || b === null ? a === b : isSameRelease(a, b);
}

/** Texts that are no versions come after those that are, and nodes that never reported one after everything. */
function compareNewestFirst(a: string | null, b: string | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === null || right === null) return (left === null ? 1 : 0) - (right === null ? 1 : 0);
  return compareVersions(right, left);
}

function groupOf({ version, nodes }: { version: string | null; nodes: readonly Versioned[] }): VersionGroup {
  const count = (kind: NodeKind) => nodes.filter((node) => node.kind === kind).length;
  const reported = new Set(nodes.map((node) => node.version));
  return {
    version: reported.size > 1 ? shortName(version) : version,
    frontends: count('FRONTEND'),
    backends: count('BACKEND'),
    computeNodes: count('COMPUTE_NODE'),
  };
}

function shortName(version: string | null): string | null {
  const parsed = version === null ? null : parseVersion(version);
  return parsed === null ? version : releaseNameOf(parsed);
}

function summaryOf(state: VersionState, groups: readonly VersionGroup[]): string {
  if (groups.every(({ version }) => version === null)) return 'No node has told its version yet';
  if (state === 'UNIFORM') {
    return groups
      .map((group) => `${counted(group.frontends + group.backends + group.computeNodes, 'node')} on ${group.version}`)
      .join();
  }
  return groups
    .map((group) =>
      group.version === null
        ? `${kindsOf(group)} of unknown version`
        : `${kindsOf(group)} on ${shortName(group.version)}`,
    )
    .join(', ');
}

function kindsOf({ frontends, backends, computeNodes }: VersionGroup): string {
  const kinds = [
    [backends, 'backend'],
    [computeNodes, 'compute node'],
    [frontends, 'frontend'],
  ] as const;
  return kinds
    .filter(([count]) => count > 0)
    .map(([count, word]) => counted(count, word))
    .join(' and ');
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
