import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../sandbox/hosts/processes.ts';
import { patienceMs } from '../../../sandbox/patience.ts';
import { buildRelease } from '../../../sandbox/releases/build-release.ts';
import { corruptArchive, truncateArchive } from '../../../sandbox/releases/damage.ts';
import type { Variation } from '../../../sandbox/releases/variants.ts';
import { writeJdk } from '../../../sandbox/world/jdk.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'starwarden-variants-'));
const running = new Set<number>();
/** A busy machine takes its time to start a process. */
const patience = { timeout: patienceMs };
let unpacked = 0;

afterEach(() => {
  for (const pid of running) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  running.clear();
});
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const read = (...path: string[]) => readFile(join(...path), 'utf8').catch(() => '');

/** A node of a faulty release as an operator would install it, with a fast clock. */
async function install(kind: 'fe' | 'be', variation: Variation) {
  const { path } = await buildRelease({ version: '3.5.0', outDir: dir, ...variation });
  unpacked += 1;
  const target = join(dir, `unpacked-${unpacked}`);
  await mkdir(target);
  await run('tar', ['-xzf', path, '-C', target]);
  const home = join(target, 'StarRocks-3.5.0', kind);
  await writeJdk({ dir: join(target, 'jdk'), major: 17 });
  await mkdir(join(home, kind === 'fe' ? 'meta' : 'storage'));
  await appendFile(join(home, 'conf', `${kind}.conf`), `JAVA_HOME = ${join(target, 'jdk')}\nsandbox_speed = 20\n`);
  return {
    home,
    script: (name: string, ...args: string[]) => run('bash', [join(home, 'bin', name), ...args], { timeout: 10_000 }),
    async pid(): Promise<number> {
      const pid = Number(await read(home, 'bin', `${kind}.pid`));
      if (pid > 0) running.add(pid);
      return pid;
    },
  };
}

describe('a tiny archive', () => {
  it('is a fraction of the usual one, and has the same files', async () => {
    const usual = await buildRelease({ version: '3.5.0', outDir: dir });
    const tiny = await buildRelease({ version: '3.5.0', outDir: join(dir, 'tiny'), tiny: true });
    expect(tiny.sizeBytes * 10).toBeLessThan(usual.sizeBytes);
    const list = async ({ path }: { path: string }) => (await run('tar', ['-tzf', path])).stdout;
    expect(await list(tiny)).toBe(await list(usual));
  });
});

describe('an archive that refuses to start', () => {
  it.each([
    { kind: 'fe' as const, text: 'edit_log_port 9010 is already in use. will exit.' },
    { kind: 'be' as const, text: 'Fail to start BackendService thrift server on port 9060' },
  ])('says of a $kind that its port is taken, and ends', async ({ kind, text }) => {
    const { home, script, pid } = await install(kind, { variant: 'port-taken' });
    await script(`start_${kind}.sh`, '--daemon');
    await expect.poll(() => read(home, 'log', `${kind}.out`), patience).toContain(text);
    await expect.poll(async () => isAlive(await pid()), patience).toBe(false);
  });

  it('wants a newer JDK than the host has, and the script says so', async () => {
    const { script } = await install('fe', { variant: 'newer-jdk' });
    await expect(script('start_fe.sh', '--daemon')).rejects.toMatchObject({
      code: 255,
      stdout: expect.stringContaining('JDK 17'),
    });
  });
});

describe('an archive that is mislabelled', () => {
  it('bears one version on the outside and brings the programs of the one before', async () => {
    const archive = await buildRelease({ version: '3.5.0', outDir: dir, variant: 'mislabelled' });
    expect(archive.path).toBe(join(dir, 'mislabelled', 'StarRocks-3.5.0.tar.gz'));
    const { script } = await install('fe', { variant: 'mislabelled' });
    expect((await script('show_fe_version.sh')).stdout).toContain('Build version: 3.4.6\n');
  });

  it('may be wrong in one part only, and about any release', async () => {
    const variation = { variant: 'mislabelled', wrongParts: ['be'], insideVersion: '3.3.15' } as const;
    expect((await (await install('be', variation)).script('show_be_version.sh')).stdout).toMatch(/^3\.3\.15-/);
    expect((await (await install('fe', variation)).script('show_fe_version.sh')).stdout).toContain('version: 3.5.0\n');
  });
});

describe('a release that never starts', () => {
  it('is started with 0 by the frontend script, and says in fe.out and fe.log why it ended', async () => {
    const { home, script, pid } = await install('fe', { variant: 'never-starts' });
    expect((await script('start_fe.sh', '--daemon')).stdout).toBe('');
    await expect.poll(() => read(home, 'log', 'fe.out'), patience).toContain('StarRocksFE start failed');
    expect(await read(home, 'log', 'fe.log')).toContain('ERROR StarRocksFE start failed');
    await expect.poll(pid, patience).toBe(0);
  });

  it('ends before it wrote a pid as a backend, and be.out has the words of the loader', async () => {
    const { home, script, pid } = await install('be', { variant: 'never-starts' });
    await script('start_be.sh', '--daemon');
    await expect.poll(() => read(home, 'log', 'be.out'), patience).toContain('error while loading shared libraries');
    expect(await pid()).toBe(0);
    expect(await read(home, 'log', 'be.INFO')).toBe('');
  });
});

describe('a release that is never alive', () => {
  it.each([
    { kind: 'fe', log: 'fe.log', stuckAt: 'is ready: false' },
    { kind: 'be', log: 'be.INFO', stuckAt: 'loading tablets' },
  ] as const)('runs as $kind, opens none of its ports, and can be stopped', async ({ kind, log, stuckAt }) => {
    const { home, script, pid } = await install(kind, { variant: 'never-alive' });
    await script(`start_${kind}.sh`, '--daemon');
    await expect.poll(pid, patience).toBeGreaterThan(0);
    await expect.poll(() => read(home, 'log', log), patience).toContain(stuckAt);
    const started = await pid();
    const { stdout } = await run('bash', ['-c', `ls -l /proc/${started}/fd | grep -c socket: || true`]);
    // The one by which its machine is told from others.
    expect(Number(stdout)).toBe(1);
    await script(`stop_${kind}.sh`, ...(kind === 'be' ? ['-g'] : []));
    expect(isAlive(started)).toBe(false);
  });
});

describe('damage', () => {
  it('leaves the size of a corrupted archive as it was, and nothing that can be unpacked', async () => {
    const { path, sizeBytes } = await buildRelease({ version: '3.4.6', outDir: dir });
    await corruptArchive(path);
    expect((await stat(path)).size).toBe(sizeBytes);
    await expect(run('gzip', ['-t', path])).rejects.toThrow();
  });

  it('cuts an archive in the middle', async () => {
    const { path, sizeBytes } = await buildRelease({ version: '3.4.5', outDir: dir });
    await truncateArchive(path);
    expect((await stat(path)).size).toBe(Math.floor(sizeBytes / 2));
    await expect(run('tar', ['-tzf', path])).rejects.toThrow('Unexpected EOF');
  });
});
