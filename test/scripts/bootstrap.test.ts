import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagesAreCurrent } from '../../scripts/bootstrap.mjs';
import { isNewEnough } from '../../scripts/lib/node.mjs';
import { findExecutable, howToInstall } from '../../scripts/lib/programs.mjs';

const run = promisify(execFile);
const module = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url));
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'starwarden-bootstrap-'));
  await writeFile(join(root, 'package-lock.json'), '{ "one": 1 }');
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** An npm that takes a while, notes that it was called, and installs nothing but its record. */
async function putFakeNpm({ exitCode = 0 } = {}) {
  const bin = join(root, 'bin');
  await mkdir(bin);
  await writeFile(
    join(bin, 'npm'),
    `#!/bin/sh\necho "$@" >> ${root}/calls\nsleep 0.3\nmkdir -p ${root}/node_modules\necho no such registry >&2\nexit ${exitCode}\n`,
  );
  await chmod(join(bin, 'npm'), 0o755);
  return { ...process.env, PATH: `${bin}:${process.env.PATH}`, npm_execpath: '' };
}

function bootstrapElsewhere(env: NodeJS.ProcessEnv) {
  const script = `
    const { bootstrap } = await import(${JSON.stringify(module)});
    await bootstrap({ root: ${JSON.stringify(root)} });`;
  return run(process.execPath, ['--input-type=module', '-e', script], { env });
}

describe('the bootstrap', () => {
  it('installs packages once, though two start at the same time, and then has nothing to do', async () => {
    const env = await putFakeNpm();
    await Promise.all([bootstrapElsewhere(env), bootstrapElsewhere(env)]);
    await bootstrapElsewhere(env);
    expect(await readFile(join(root, 'calls'), 'utf8')).toBe('ci --no-audit --no-fund --loglevel=error\n');
  });

  it('installs packages again when the lock file has changed', async () => {
    const env = await putFakeNpm();
    await bootstrapElsewhere(env);
    await writeFile(join(root, 'package-lock.json'), '{ "two": 2 }');
    expect(packagesAreCurrent(root)).toBe(false);
    await bootstrapElsewhere(env);
    expect(packagesAreCurrent(root)).toBe(true);
  });

  it('shows what npm said and what can be done when npm fails', async () => {
    const env = await putFakeNpm({ exitCode: 1 });
    await expect(bootstrapElsewhere(env)).rejects.toThrow(
      /npm ci .*failed \(exit code 1\)\. It said:\nno such registry\n[\s\S]*npm config set registry/,
    );
    expect(packagesAreCurrent(root)).toBe(false);
  });

  it('is content with packages that a plain npm ci has installed', async () => {
    await mkdir(join(root, 'node_modules'));
    await writeFile(join(root, 'node_modules/.package-lock.json'), '{}');
    await utimes(join(root, 'package-lock.json'), new Date(), new Date(Date.now() - 60_000));
    expect(packagesAreCurrent(root)).toBe(true);
  });

  it('is not content with packages that are older than the lock file', async () => {
    await mkdir(join(root, 'node_modules'));
    await writeFile(join(root, 'node_modules/.package-lock.json'), '{}');
    await utimes(join(root, 'node_modules/.package-lock.json'), new Date(), new Date(Date.now() - 60_000));
    expect(packagesAreCurrent(root)).toBe(false);
  });

  it.each([
    ['20.20.2', false],
    ['22.17.9', false],
    ['22.18.0', true],
    ['24.0.0', true],
  ])('knows whether Node.js %s runs TypeScript: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });

  it('finds a program in the first directory that has it, and nothing where none has', async () => {
    await putFakeNpm();
    expect(findExecutable(['npm'], { PATH: `/nowhere:${root}/bin` })).toBe(`${root}/bin/npm`);
    expect(findExecutable(['no-such-program', 'npm'], { PATH: `${root}/bin` })).toBe(`${root}/bin/npm`);
    expect(findExecutable(['no-such-program'], { PATH: `${root}/bin` })).toBeNull();
  });

  it('says how to install what it cannot install itself', () => {
    expect(howToInstall(['redis', 'sshd', 'ssh'])).toContain('redis-server openssh-server openssh-client`');
    expect(howToInstall(['redis'])).toContain('docker compose up');
  });
});
