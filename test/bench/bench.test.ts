import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bench = (...args: readonly string[]) => run(process.execPath, ['bench/main.ts', ...args], { cwd: root });

describe('npm run bench', () => {
  let figures: Record<string, Record<string, number>> = {};

  beforeAll(async () => {
    // Not `upgrade`, which installs Ansible; its parts are tested beside this file. Others in test/long/bench.
    const { stdout } = await bench('run-start', 'text', '--quick');
    const lastLine = stdout.trimEnd().split('\n').at(-1) ?? '';
    figures = z.record(z.string(), z.record(z.string(), z.number().positive())).parse(JSON.parse(lastLine));
  });

  it.each([
    ['run-start', ['p50Ms', 'p99Ms', 'runsPerSecond', 'bareJobsPerSecond']],
    ['text', ['metricsMs', 'metricsRatio', 'confMs', 'confRatio']],
  ])('ends with one JSON object that holds the figures of %s', (name, keys) => {
    expect(Object.keys(figures[name] ?? {})).toEqual(keys);
  });

  it('refuses a name that it does not know, and says which there are', async () => {
    await expect(bench('nonsense')).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('slack-ack') });
  });
});
