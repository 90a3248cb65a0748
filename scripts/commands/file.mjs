import { existsSync } from 'node:fs';
import { root, runNode } from '../lib/node-child.mjs';
import { Told } from '../lib/say.mjs';

/**
 * A command that is one TypeScript file, run with the arguments it was given.
 *
 * @param {string} file relative to the project's root
 * @returns {(args: readonly string[]) => Promise<number>}
 */
export function runsFile(file) {
  return async (args) => {
    if (!existsSync(`${root}${file}`)) throw new Told(`${file} does not exist in this checkout.`);
    return runNode([file, ...args]);
  };
}
