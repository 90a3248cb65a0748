import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Told } from './say.mjs';

/** Servers live outside an ordinary user's PATH on Debian, and in Homebrew's directory on a Mac. */
const usualDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/opt/homebrew/bin'];

/**
 * @typedef {object} Program
 * @property {readonly (readonly [string, ...string[]])[]} anyOf sets of programs, one of which must be whole. Where the first
 *   program of a set is there, that set counts: a MariaDB server is of no use without what makes its data directory.
 * @property {readonly (readonly [string, ...string[]])[]} apt sets of Debian packages; the first set that the machine's release
 *   has is taken. The `-core` ones have the program without a system service.
 * @property {string | null} brew
 */

/**
 * Every program that is started here and that a Debian need not have. `test/scripts/programs.test.ts` holds this against
 * what the code starts.
 *
 * @satisfies {Record<string, Program>}
 */
export const programs = {
  redis: { anyOf: [['redis-server'], ['valkey-server']], apt: [['redis-server'], ['valkey-server']], brew: 'redis' },
  mariadb: {
    // mariadb-install-db calls my_print_defaults, which Debian keeps in another package than the server.
    anyOf: [['mariadbd', 'mariadb-install-db', 'my_print_defaults'], ['mysqld']],
    apt: [['mariadb-server-core', 'mariadb-client-core'], ['mariadb-server'], ['mysql-server-core']],
    brew: 'mariadb',
  },
  // From OpenSSH 10.1 on, Debian's server comes without the client's programs.
  sshd: { anyOf: [['sshd', 'ssh-keygen']], apt: [['openssh-server', 'openssh-client']], brew: null },
  ssh: {
    anyOf: [['ssh', 'scp', 'sftp', 'ssh-keygen', 'ssh-keyscan', 'ssh-agent', 'ssh-add']],
    apt: [['openssh-client']],
    brew: null,
  },
  // The stop scripts of the stand-in ask for the name of a process with it.
  ps: { anyOf: [['ps']], apt: [['procps']], brew: null },
  mysql: { anyOf: [['mysql']], apt: [['mariadb-client-core'], ['default-mysql-client']], brew: 'mariadb' },
  curl: { anyOf: [['curl']], apt: [['curl']], brew: 'curl' },
  wget: { anyOf: [['wget']], apt: [['wget']], brew: 'wget' },
  // Certificates that end soon are made with it.
  openssl: { anyOf: [['openssl']], apt: [['openssl']], brew: 'openssl' },
  // Without a font that has them it draws a box for each emoji.
  chromium: { anyOf: [['chromium']], apt: [['chromium', 'fonts-noto-color-emoji']], brew: 'chromium' },
};

/** The embedded world: hosts behind OpenSSH, MariaDB, Redis. */
const world = /** @type {const} */ (['mariadb', 'redis', 'sshd', 'ps']);

/** What each command is to find. */
export const needs = {
  nothing: [],
  database: /** @type {const} */ (['mariadb']),
  world,
  /** The tests log in as a person does too, and let hosts fetch with either tool. */
  test: /** @type {const} */ ([...world, 'ssh', 'curl', 'wget', 'openssl']),
  /** The usual script does all by SSH and the MySQL client. */
  compare: /** @type {const} */ ([...world, 'ssh', 'mysql']),
  pictures: /** @type {const} */ (['chromium']),
};

/** @typedef {keyof typeof programs} ProgramName */
/** @typedef {(names: readonly string[]) => string | null} Find */

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
 * The programs of this entry that are not there; none when one of its sets is whole.
 *
 * @param {ProgramName} program
 * @param {Find} [find]
 * @returns {readonly string[]}
 */
export function missingParts(program, find = findExecutable) {
  return setOf(program, find).filter((name) => find([name]) === null);
}

/**
 * @param {ProgramName} program
 * @param {Find} [find]
 * @returns {string} absolute path of its first program
 */
export function requireProgram(program, find = findExecutable) {
  const missing = missingParts(program, find);
  if (missing.length > 0) throw new Told(`Not found: ${missing.join(', ')}.`, howToInstall([program]));
  const path = find([setOf(program, find)[0]]);
  if (path === null) throw new Told(`Not found: ${program}.`, howToInstall([program]));
  return path;
}

/** @param {readonly ProgramName[]} missing */
export function howToInstall(missing) {
  const apt = [...new Set(missing.flatMap((program) => programs[program].apt[0]))].join(' ');
  const brew = missing.flatMap((program) => programs[program].brew ?? []).join(' ');
  const byHand =
    process.platform === 'darwin' ? `brew install ${brew}` : `sudo apt-get install --no-install-recommends ${apt}`;
  return `Install it with \`${byHand}\`, or run everything in containers with \`docker compose up\`.`;
}

/**
 * @param {ProgramName} program
 * @param {Find} find
 * @returns {readonly [string, ...string[]]}
 */
function setOf(program, find) {
  /** @type {Program} */
  const { anyOf } = programs[program];
  const [usual] = anyOf;
  return anyOf.find(([first]) => find([first]) !== null) ?? usual ?? [program];
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
