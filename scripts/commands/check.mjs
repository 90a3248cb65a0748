import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findNode } from '../lib/node.mjs';
import { root } from '../lib/node-child.mjs';
import { dim, green, red, say } from '../lib/say.mjs';

/** @typedef {{ name: string, args: readonly string[], remedy: string }} Check */

/** @type {readonly Check[]} */
const checks = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', '.'], remedy: 'Mend the types.' },
  {
    name: 'lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
    remedy: '`npx biome check --write` mends most of it.',
  },
  { name: 'generated files', args: ['scripts/generate.ts', '--check'], remedy: 'Run `npm run generate`.' },
  {
    name: 'import arrows',
    args: ['node_modules/vitest/vitest.mjs', 'run', 'test/architecture.test.ts'],
    remedy: 'docs/design.md says who may import whom.',
  },
];

/** Everything that can be said about the code without running it. All of it is checked, also after a failure. */
export async function check() {
  const failed = [];
  for (const each of checks) {
    if (!existsSync(join(root, each.args[0] ?? ''))) {
      say(dim(`- ${each.name}: nothing to check yet`));
      continue;
    }
    const startedAt = Date.now();
    const { code, output } = await run(each.args);
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    say(`${code === 0 ? green('✓') : red('✗')} ${each.name} ${dim(`${seconds} s`)}`);
    if (code === 0) continue;
    say(output.trimEnd());
    failed.push(each);
  }
  for (const { name, remedy } of failed) say(red(`${name}: not in order. ${remedy}`));
  return failed.length === 0 ? 0 : 1;
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
async function run(args) {
  const child = spawn(findNode(), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  await once(child, 'close');
  return { code: child.exitCode ?? 1, output };
}
