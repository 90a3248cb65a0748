import { runNode } from '../lib/node-child.mjs';

/**
 * The last line it prints is `N passed, N failed`; see test/helpers/summary-reporter.ts. Without a path, the labs that take minutes
 * are left out; vitest.config.ts lists them.
 *
 * @param {readonly string[]} args passed on to Vitest, e.g. a path
 */
export function test(args) {
  return vitest(args, args.some((arg) => arg.startsWith('test/')) ? 'named' : 'short');
}

/** @param {readonly string[]} args passed on to Vitest */
export function testLong(args) {
  return vitest(args, 'long');
}

/**
 * @param {readonly string[]} args
 * @param {'short' | 'long' | 'named'} which
 */
function vitest(args, which) {
  const env = { ...process.env, STARWARDEN_TESTS: which };
  return runNode(['node_modules/vitest/vitest.mjs', 'run', ...args], { env });
}
