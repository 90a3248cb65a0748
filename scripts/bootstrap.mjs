import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstallPackages, installPackages } from './lib/apt.mjs';
import { takeLock } from './lib/lock.mjs';
import { howToInstall, missingParts, programs } from './lib/programs.mjs';
import { runProgramSync } from './lib/run-program.mjs';
import { dim, say, Told } from './lib/say.mjs';

/** @typedef {import('./lib/programs.mjs').ProgramName} ProgramName */

/**
 * Makes sure that the npm packages and these programs are there. Quick when they are; when not, two of these at once
 * take turns.
 *
 * @param {{ root?: string, need?: readonly ProgramName[] }} options
 */
export async function bootstrap({ root = fileURLToPath(new URL('..', import.meta.url)), need = [] }) {
  if (isStamped(root) && missingOf(need).length === 0) return;
  const lock = await takeLock('bootstrap', { onWait: () => say(dim('Waiting for another bootstrap to finish …')) });
  try {
    // Asked again: the one we waited for may have done it.
    if (!packagesAreCurrent(root)) installNpmPackages(root);
    const missing = missingOf(need);
    if (missing.length > 0) installPrograms(missing);
  } finally {
    await lock?.release();
  }
}

/** @param {readonly ProgramName[]} need */
function missingOf(need) {
  return need.filter((program) => missingParts(program).length > 0);
}

/**
 * Packages installed by a plain `npm ci` have no stamp yet: there npm's own record must be as new as the lock file.
 * Only to be asked under the lock, or an installation under way could be taken for a finished one.
 *
 * @param {string} root
 */
export function packagesAreCurrent(root) {
  const lockFile = join(root, 'package-lock.json');
  if (existsSync(stampOf(root))) return isStamped(root);
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record) || statSync(record).mtimeMs < statSync(lockFile).mtimeMs) return false;
  writeFileSync(stampOf(root), digest(lockFile));
  return true;
}

/**
 * Whether we installed just these packages. Contents are compared, because a checkout or a copy changes times.
 *
 * @param {string} root
 */
function isStamped(root) {
  const stampFile = stampOf(root);
  return existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest(join(root, 'package-lock.json'));
}

/** @param {string} root */
function installNpmPackages(root) {
  say(dim('Installing npm packages (npm ci) …'));
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  runProgramSync(program, [...first, ...args], {
    cwd: root,
    hint: 'If the registry cannot be reached from here, set one that can: npm config set registry <url>',
  });
  writeFileSync(stampOf(root), digest(join(root, 'package-lock.json')));
}

/** @param {readonly ProgramName[]} missing */
function installPrograms(missing) {
  const names = namesOf(missing);
  if (!canInstallPackages()) throw new Told(`Not found: ${names}.`, howToInstall(missing));
  say(dim(`Installing what has ${names} with apt-get (no service is started) …`));
  try {
    installPackages(missing.map((program) => programs[program].apt));
  } catch (error) {
    throw new Told(error instanceof Error ? error.message : String(error), howToInstall(missing));
  }
  const still = missingOf(missing);
  if (still.length > 0) throw new Told(`Installed, but still not found: ${namesOf(still)}.`, howToInstall(still));
}

/** @param {readonly ProgramName[]} missing */
function namesOf(missing) {
  return [...new Set(missing.flatMap((program) => missingParts(program)))].join(', ');
}

/** @param {string} root */
function stampOf(root) {
  return join(root, 'node_modules/.starwarden-lock');
}

/** @param {string} file */
function digest(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
