import { relative } from 'node:path';
import { afterAll, expect } from 'vitest';
import { killAll } from '../../../sandbox/hosts/processes.ts';
import { patienceMs } from '../../../sandbox/patience.ts';
import { accusation, leftAfter, markChildren } from './left-running.ts';
import { root } from './projects.ts';

/*
 * Loaded before each test file that may start processes: one that leaves a process behind fails, by name. This is the first
 * hook that is told, so it is the last to run.
 */

/** What was told to end on a busy machine; only a process that nobody told takes all of it. */
const graceMs = Math.min(patienceMs, 30_000);

markChildren();

afterAll(async () => {
  const left = await leftAfter(graceMs);
  if (left.length === 0) return;
  killAll(left.map(({ id }) => id));
  throw new Error(accusation(relative(root, expect.getState().testPath ?? 'a test file'), left));
});
