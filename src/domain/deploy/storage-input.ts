import type { Refusal } from '../plan.ts';
import { whyNotADirectory, withoutSlash } from './directories.ts';
import { type StoragePath, storagePathsOf } from './storage-paths.ts';

/**
 * Reads storage as people give it, one path each: `/data1` or `/data1,medium:SSD`. Whatever a backend would not take, or
 * would take for something else, is refused (`INVALID_INPUT`).
 */
export function readStorage(lines: readonly string[]): {
  readonly storage: readonly StoragePath[];
  readonly refusals: readonly Refusal[];
} {
  const read = lines.map(readPath);
  const storage = read.flatMap((each) => ('path' in each ? [each] : []));
  const wrong = read.flatMap((each) => ('why' in each ? [each.why] : []));
  const twice = storage.filter(({ path }, index) => storage.findIndex((other) => other.path === path) !== index);
  const repeated = [...new Set(twice.map(({ path }) => `${path} is given more than once`))];
  return { storage, refusals: [...wrong, ...repeated].map(refusal) };
}

function readPath(line: string): StoragePath | { readonly why: string } {
  const [, typed = '', word] = /^\s*([^,;]*?)\s*(?:,\s*medium\s*:\s*(\w+)\s*)?$/i.exec(line) ?? [];
  if (typed === '') return { why: `"${line.slice(0, 200)}" is not a path with a medium, as /data1,medium:SSD` };
  const path = withoutSlash(typed);
  const why = whyNotADirectory(path);
  if (why !== null) return { why };
  const medium = word?.toUpperCase() ?? null;
  if (medium !== null && medium !== 'SSD' && medium !== 'HDD') return { why: `${word} is not a medium: SSD or HDD` };
  // A backend takes the ending of a path for its medium, and does not start with one that it does not know.
  const [ending] = storagePathsOf(path);
  if (medium === null && ending?.medium != null) {
    return {
      why: `${path} ends in .${ending.medium.toLowerCase()}, which a backend takes for its medium; name the medium`,
    };
  }
  return { path, medium };
}

function refusal(message: string): Refusal {
  return {
    code: 'INVALID_INPUT',
    message: `Storage: ${message}`,
    hint: 'Give one path for each disk, with its medium where it is not HDD: /data1,medium:SSD.',
    path: ['storage'],
  };
}

/** `storage_root_path` as a backend reads it. */
export function storageRootPath(storage: readonly StoragePath[]): string {
  return storage.map(({ path, medium }) => (medium === null ? path : `${path},medium:${medium}`)).join(';');
}
