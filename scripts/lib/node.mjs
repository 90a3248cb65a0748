import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Told } from './say.mjs';

/** The first versions that run TypeScript files without a flag or a warning. */
const needed = { major: 22, minor: 18 };

/**
 * A Node.js that runs our TypeScript: this one if it is new enough, else the one that comes as an npm package.
 *
 * @returns {string} absolute path
 */
export function findNode() {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const bundled = fileURLToPath(
    new URL(`../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
  );
  if (existsSync(bundled)) return bundled;
  throw new Told(
    `Node.js ${needed.major}.${needed.minor} or later is needed; this one is ${process.versions.node}.`,
    `On Linux (x64, arm64) npm brings one along unless optional packages are left out. Elsewhere: https://nodejs.org`,
  );
}

/** @param {string} version e.g. `24.21.0` */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > needed.major || (major === needed.major && minor >= needed.minor);
}
