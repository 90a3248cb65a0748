import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Flaw, parseFlaw } from './flaw.ts';

/** The release whose behaviour a node copies. `text` is what @@version_comment and SHOW BACKENDS print. */
export type Release = {
  version: string;
  commit: string;
  text: string;
  flaw: Flaw | null;
  atLeast(major: number, minor: number, patch?: number): boolean;
};

/** Reads what is unpacked under lib/ at this moment: swapping lib/ and restarting is how a node changes version. */
export function readRelease(home: string): Release {
  const file = join(home, 'lib', 'starrocks-release.json');
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${file} holds no object`);
  const version = Reflect.get(parsed, 'version');
  const commit = Reflect.get(parsed, 'commit');
  if (typeof version !== 'string' || typeof commit !== 'string') throw new Error(`${file} names no version and commit`);
  return createRelease({ version, commit, flaw: parseFlaw(Reflect.get(parsed, 'flaw')) });
}

function createRelease({
  version,
  commit,
  flaw = null,
}: {
  version: string;
  commit: string;
  flaw?: Flaw | null;
}): Release {
  return {
    version,
    commit,
    text: `${version}-${commit}`,
    flaw,
    atLeast: (...wanted) => compareVersions(version, wanted.join('.')) >= 0,
  };
}

/** Below 0 when `a` is older than `b`; by number, part by part, a missing part counts as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
}
