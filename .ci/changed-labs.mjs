#!/usr/bin/env node
// `changed-labs.mjs <seconds>`: prints the files of test/long that a change needs and that there is time for, one a line. What
// is left out, and why, is said on standard error.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { argv, env, stderr, stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { chooseLabs, findBase } from './labs.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {readonly string[]} args */
function git(args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null; // no git, or a history that was cut off
  }
}

const seconds = Number(argv[2] ?? Number.NaN);
if (Number.isNaN(seconds)) throw new Error('usage: changed-labs.mjs <seconds>');
const labs = readdirSync(`${root}/test/long`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `test/long/${path.replaceAll('\\', '/')}`);
const base = findBase(git, env.CI_BASE);
const changed = base === null ? null : git(['diff', '--name-only', base, 'HEAD']);
const turn = Number(git(['rev-list', '--count', 'HEAD']) ?? 0);
const { run, left, notDue } = chooseLabs({
  labs,
  changed: changed === null ? null : changed.split('\n').filter((path) => path !== ''),
  turn,
  seconds,
});
stderr.write(
  [
    changed === null
      ? 'Long labs: what has changed is not known, so all are due.'
      : `Long labs: compared with ${base?.slice(0, 12)}; ${notDue.length} of ${labs.length} cover nothing that has changed.`,
    ...left.map((file) => `Not run, for there is no time for it in ${seconds} s: ${file}`),
    ...(left.length > 0 ? ['npm run test:long runs all of them.'] : []),
    '',
  ].join('\n'),
);
stdout.write(run.map((file) => `${file}\n`).join(''));
