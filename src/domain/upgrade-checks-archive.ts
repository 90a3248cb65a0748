import { type ReleasePart, releaseParts } from './release.ts';

const folders = { FRONTEND: 'fe', BACKEND: 'be' } as const satisfies Record<ReleasePart, string>;
/** What a node of that part cannot start without. */
const needed = ['bin', 'lib'] as const;

/**
 * What an archive holds, by the names in it: the parts that are whole, and why it must not be unpacked. StarRocks ships one
 * directory with `fe` and `be` in it; what that directory is called does not matter.
 */
export function readMembers(members: readonly string[]): { parts: ReleasePart[]; problems: string[] } {
  const outside = members.find((name) => name.startsWith('/') || name.split('/').includes('..'));
  const paths = members.map((name) => name.split('/').filter((part) => part !== '' && part !== '.'));
  const tops = [...new Set(paths.flatMap(([top]) => top ?? []))];
  const problems = [
    ...(outside === undefined
      ? []
      : [`it names ${JSON.stringify(outside.slice(0, 100))}, which leads out of its directory`]),
    ...(tops.length === 1 ? [] : [`it has ${tops.length} directories on top, not one`]),
  ];
  const held = new Set(paths.map(([, part, folder]) => `${part}/${folder}`));
  const parts = releaseParts.filter((part) => needed.every((folder) => held.has(`${folders[part]}/${folder}`)));
  return { parts, problems };
}
