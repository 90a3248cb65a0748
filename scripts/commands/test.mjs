import { runNode } from '../lib/node-child.mjs';

/**
 * The last line it prints is `N passed, N failed`; see test/helpers/summary-reporter.ts. Without a path or a project, what is in
 * `test/long` is left out.
 *
 * @param {readonly string[]} args passed on to Vitest, e.g. a path
 */
export function test(args) {
  const isNamed = args.some((arg) => arg.startsWith('test/') || arg.startsWith('--project'));
  return vitest(isNamed ? args : ['--project=!long', ...args]);
}

/** @param {readonly string[]} args passed on to Vitest */
export function testLong(args) {
  return vitest(['--project=long', ...args]);
}

/** @param {readonly string[]} args */
function vitest(args) {
  return runNode(['node_modules/vitest/vitest.mjs', 'run', ...args]);
}
