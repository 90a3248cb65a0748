import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patienceMs } from '../../sandbox/patience.ts';

const scripts = fileURLToPath(new URL('../../scripts/', import.meta.url));
const started: ChildProcess[] = [];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-run-'));
});

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

/** Runs a program as a command does, through the function that every command uses. */
async function runProgram(source: string) {
  const program = join(dir, 'program.ts');
  await writeFile(program, source);
  const wrapper = `
    const { runNode } = await import(${JSON.stringify(`${scripts}lib/node-child.mjs`)});
    process.exitCode = await runNode([${JSON.stringify(program)}]);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', wrapper], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  return child;
}

const staysUp = `
  import { writeFileSync } from 'node:fs';
  let received: string = '';
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      received += signal;
      writeFileSync(import.meta.dirname + '/received', received);
      setTimeout(() => process.exit(7), 200);
    });
  }
  setInterval(() => {}, 1000);
  console.log(process.pid);`;

describe('a command', () => {
  it('ends with the exit code of its program', async () => {
    const child = await runProgram('const code: number = 42; process.exit(code);');
    expect(await once(child, 'exit')).toEqual([42, null]);
  });

  it('ends with 128 and the number of the signal that ended its program', async () => {
    const child = await runProgram("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
    expect(await once(child, 'exit')).toEqual([137, null]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('hands %s on once, and waits for its program', async (signal) => {
    const child = await runProgram(staysUp);
    if (child.stdout === null) throw new Error('no output');
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([7, null]);
    expect(await readFile(join(dir, 'received'), 'utf8')).toBe(signal);
  });

  it('leaves no program behind when it is killed', async () => {
    const child = await runProgram(staysUp);
    if (child.stdout === null) throw new Error('no output');
    const [line] = await once(child.stdout, 'data');
    child.kill('SIGKILL');
    expect(await untilGone(Number(line))).toBe(true);
    expect(await readFile(join(dir, 'received'), 'utf8')).toBe('SIGTERM');
  });

  it('says which commands there are when it does not know one', () => {
    const { status, stderr } = spawnSync(process.execPath, [`${scripts}run.mjs`, 'tets'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^No such command: tets\.\nCommands:\n {2}npm run start/);
    expect(stderr).not.toContain('    at ');
  });
});

async function untilGone(pid: number) {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    if (status === '' || status.includes(') Z ')) return true;
    await delay(50);
  }
  return false;
}
