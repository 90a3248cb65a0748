import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Told } from './say.mjs';

/** Servers live outside an ordinary user's PATH on Debian, and in Homebrew's directory on a Mac. */
const usualDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/opt/homebrew/bin'];

/**
 * What the embedded world is made of: any of `names` will do, Debian's package, and Homebrew's. The first Debian package
 * that the machine's release has is taken; the `-core` ones have the program without a system service.
 */
export const programs = {
  redis: { names: ['redis-server', 'valkey-server'], apt: ['redis-server'], brew: 'redis' },
  mariadb: {
    names: ['mariadbd', 'mysqld'],
    apt: ['mariadb-server-core', 'mariadb-server'],
    brew: 'mariadb',
  },
  sshd: { names: ['sshd'], apt: ['openssh-server'], brew: null },
};

/** @typedef {keyof typeof programs} ProgramName */

/**
 * @param {readonly string[]} names
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | null} absolute path of the first one found
 */
export function findExecutable(names, env = process.env) {
  const directories = [...(env.PATH ?? '').split(delimiter), ...usualDirectories].filter((path) =>
    path.startsWith('/'),
  );
  for (const name of names) {
    const found = directories.map((directory) => join(directory, name)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * @param {ProgramName} program
 * @returns {string} absolute path
 */
export function requireProgram(program) {
  const path = findExecutable(programs[program].names);
  if (path === null) throw new Told(`Not found: ${programs[program].names.join(' or ')}.`, howToInstall([program]));
  return path;
}

/** @param {readonly ProgramName[]} missing */
export function howToInstall(missing) {
  const apt = missing.map((program) => programs[program].apt[0]).join(' ');
  const brew = missing.flatMap((program) => programs[program].brew ?? []).join(' ');
  const byHand = process.platform === 'darwin' ? `brew install ${brew}` : `sudo apt-get install ${apt}`;
  return `Install it with \`${byHand}\`, or run everything in containers with \`docker compose up\`.`;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
