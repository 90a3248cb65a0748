import { runNode } from '../lib/node-child.mjs';

/**
 * The last line it prints is `N passed, N failed`; see test/helpers/summary-reporter.ts.
 *
 * @param {readonly string[]} args passed on to Vitest, e.g. a path
 */
export function test(args) {
  return runNode(['node_modules/vitest/vitest.mjs', 'run', ...args]);
}
