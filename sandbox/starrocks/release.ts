import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The release whose behaviour a node copies. `text` is what @@version_comment and SHOW BACKENDS print. */
export type Release = {
  version: string;
  commit: string;
  text: string;
  atLeast(major: number, minor: number): boolean;
};

/** Reads what is unpacked under lib/ at this moment: swapping lib/ and restarting is how a node changes version. */
export function readRelease(home: string): Release {
  const file = join(home, 'lib', 'starrocks-release.json');
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw new Error(`${file} holds no object`);
  const version = Reflect.get(parsed, 'version');
  const commit = Reflect.get(parsed, 'commit');
  if (typeof version !== 'string' || typeof commit !== 'string') throw new Error(`${file} names no version and commit`);
  return createRelease(version, commit);
}

export function createRelease(version: string, commit: string): Release {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return {
    version,
    commit,
    text: `${version}-${commit}`,
    atLeast: (wantedMajor, wantedMinor) => major > wantedMajor || (major === wantedMajor && minor >= wantedMinor),
  };
}
