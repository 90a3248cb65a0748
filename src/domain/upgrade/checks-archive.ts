import { parseVersion } from '../version.ts';
import type { ArchiveFacts } from './checks-facts.ts';
import { type ReleasePart, releaseParts } from './release.ts';

const folders = { FRONTEND: 'fe', BACKEND: 'be' } as const satisfies Record<ReleasePart, string>;
/** Folders that a node of either part needs to start. */
const needed = ['bin', 'lib'] as const;

export type Member = {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Where a link leads; null = the member is not a link. */
  readonly target: string | null;
};

export type ReadArchive = {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly members: readonly Member[];
  /** Why this is not a whole gzipped tar, as a sentence; null = it is one. */
  readonly unreadable: string | null;
};

/** What the preflight has to know of an archive that was read. */
export function archiveFactsOf(
  { sizeBytes, sha256, members, unreadable }: ReadArchive,
  version: string,
): { [K in keyof ArchiveFacts]: ArchiveFacts[K] } {
  if (unreadable !== null) return { sizeBytes, sha256, parts: null, problems: [unreadable] };
  return { sizeBytes, sha256, ...readMembers(members, version) };
}

/**
 * What an archive holds, by the names in it: the parts that are complete, and why it must not be unpacked. StarRocks
 * ships one directory with `fe` and `be` in it; the name of that directory does not matter, unless it names another
 * version.
 */
export function readMembers(members: readonly Member[], version: string): { parts: ReleasePart[]; problems: string[] } {
  const paths = members.map(({ name }) => partsOfPath(name));
  const held = new Set(paths.map(([, part, folder]) => `${part}/${folder}`));
  const parts = releaseParts.filter((part) => needed.every((folder) => held.has(`${folders[part]}/${folder}`)));
  const problems = [
    firstOf(members.filter(leadsOut), 'names', 'which leads out of its directory'),
    firstOf(members.filter(linksOut), 'links', 'which leads out of the directory of its node'),
    firstOf(
      members.filter(({ type }) => type === 'other'),
      'holds',
      'which is no file, directory or link',
    ),
    firstOf(members.filter(isAppleDouble), 'holds', 'a file of macOS: pack it with COPYFILE_DISABLE=1'),
    topProblem(members, paths),
    versionProblem(paths, version),
  ];
  return { parts, problems: problems.filter((problem) => problem !== null) };
}

function partsOfPath(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.');
}

function firstOf(found: readonly Member[], does: string, why: string): string | null {
  const [first] = found;
  if (first === undefined) return null;
  const target = first.target === null ? '' : ` to ${quoted(first.target)}`;
  return `it ${does} ${quoted(first.name)}${target}, ${why}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function leadsOut({ name }: Member): boolean {
  return name.startsWith('/') || name.split('/').includes('..');
}

/**
 * A part is taken out of the archive by itself, so a link in it must not lead out of it, not even to come back in. The
 * target of a hard link is a path from the top of the archive, that of a symbolic link a path from where the link is.
 */
function linksOut({ name, type, target }: Member): boolean {
  if (target === null) return false;
  const path = partsOfPath(name);
  // Links beside `fe` and `be` are not unpacked.
  if (!releaseParts.some((part) => path[1] === folders[part])) return false;
  if (target.startsWith('/')) return true;
  const at = type === 'hardlink' ? [] : path.slice(0, -1);
  for (const step of partsOfPath(target)) {
    if (step !== '..') at.push(step);
    else if (at.length <= 2) return true;
    else at.pop();
  }
  return at[0] !== path[0] || at[1] !== path[1];
}

function isAppleDouble({ name }: Member): boolean {
  return partsOfPath(name).some((part) => part.startsWith('._'));
}

function topProblem(members: readonly Member[], paths: readonly (readonly string[])[]): string | null {
  const real = paths.filter((path) => !path.some((part) => part.startsWith('._')));
  const tops = [...new Set(real.flatMap(([top]) => top ?? []))];
  const bare = releaseParts
    .map((part) => folders[part])
    .filter((part) => real.some(([top, folder]) => top === part && needed.some((each) => each === folder)));
  if (bare.length > 0) return `it has ${bare.join(' and ')} on top, without one directory around them`;
  if (members.length === 0) return 'it is empty';
  const inner = real.find(
    (path) => /\.(tar|tgz|zip|(tar\.)?(gz|xz|zst|bz2))$/i.test(path.at(-1) ?? '') && path.length <= 2,
  );
  const hasPart = real.some(([, part]) => releaseParts.some((each) => part === folders[each]));
  if (inner !== undefined && !hasPart) return `it holds another archive, ${quoted(inner.join('/'))}`;
  return tops.length === 1 ? null : `it has ${tops.length} directories on top, not one`;
}

/** `StarRocks-3.5.0-ubuntu-amd64`: what StarRocks ships is named after its version. */
function versionProblem(paths: readonly (readonly string[])[], version: string): string | null {
  const top = paths.find(([name]) => name !== undefined)?.[0] ?? '';
  const [, named] = /^starrocks-(\d{1,5}\.\d{1,5}\.\d{1,5})/i.exec(top) ?? [];
  const [is, wanted] = [parseVersion(named ?? ''), parseVersion(version)];
  if (is === null || wanted === null) return null;
  if (is.major === wanted.major && is.minor === wanted.minor && is.patch === wanted.patch) return null;
  return `its directory is ${quoted(top)}, which is another version than ${version}`;
}
