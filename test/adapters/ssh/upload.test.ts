import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';

let fixture: HostFixture;
let ssh: Ssh;
let host: Shell;
let remoteDir: string;
let localPath: string;

beforeAll(async () => {
  fixture = await startHostFixture('127.0.1.75');
  ssh = createSsh();
  host = ssh.shell(fixture.target());
  remoteDir = join(fixture.dir, 'remote');
  localPath = join(fixture.dir, 'local.bin');
  await mkdir(remoteDir);
});

afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
});

describe('uploading a file', () => {
  it.each([
    ['an empty file', 0],
    ['a byte', 1],
    ['a file of several megabytes', 5_000_001],
  ])('writes %s with the asked mode and leaves nothing beside it', async (_what, size) => {
    const content = randomBytes(size);
    await writeFile(localPath, content);
    const remotePath = join(remoteDir, `it's "${size}" $(bytes)\n.bin`);
    await host.upload({ localPath, remotePath, mode: 0o750 });
    expect((await readFile(remotePath)).equals(content)).toBe(true);
    expect((await stat(remotePath)).mode & 0o777).toBe(0o750);
    expect((await readdir(remoteDir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('replaces an existing file by another one, which a reader of the old file does not notice', async () => {
    const remotePath = join(remoteDir, 'config');
    await writeFile(remotePath, 'old');
    const { ino } = await stat(remotePath);
    await writeFile(localPath, 'new');
    await host.upload({ localPath, remotePath });
    expect(await readFile(remotePath, 'utf8')).toBe('new');
    expect((await stat(remotePath)).ino).not.toBe(ino);
  });

  it('reports a directory that does not exist', async () => {
    const remotePath = join(remoteDir, 'missing', 'file');
    await expect(host.upload({ localPath, remotePath })).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining(remotePath),
    });
  });

  it('reports a local file that does not exist', async () => {
    const missing = join(fixture.dir, 'missing');
    await expect(host.upload({ localPath: missing, remotePath: join(remoteDir, 'x') })).rejects.toThrow(missing);
  });

  it('leaves the old file and nothing beside it when it is canceled', async () => {
    const remotePath = join(remoteDir, 'release.tar');
    await writeFile(remotePath, 'old');
    await writeFile(localPath, Buffer.alloc(300_000_000));
    const controller = new AbortController();
    const uploading = host.upload({ localPath, remotePath }, { signal: controller.signal });
    const failure = expect(uploading).rejects.toMatchObject({ code: 'CANCELED' });
    await expect.poll(async () => (await readdir(remoteDir)).some((name) => name.endsWith('.part'))).toBe(true);
    controller.abort();
    await failure;
    expect(await readFile(remotePath, 'utf8')).toBe('old');
    expect((await readdir(remoteDir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('an upload that may be resumed', () => {
  const sizeBytes = 60_000_000;
  const setUp = async (name: string) => {
    const content = randomBytes(1_000_003);
    const blocks = Array.from({ length: Math.ceil(sizeBytes / content.length) }, () => content);
    await writeFile(localPath, Buffer.concat(blocks).subarray(0, sizeBytes));
    return join(remoteDir, name);
  };
  const sizeOf = async (path: string) => (await stat(path).catch(() => ({ size: 0 }))).size;
  const sumOf = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');

  it('sends only the rest after the connection broke in the middle', async () => {
    const remotePath = await setUp('broken.tar.gz');
    const uploading = host.upload({ localPath, remotePath, resume: true }, { timeoutMs: 60_000 });
    const failure = expect(uploading).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
    await expect.poll(() => sizeOf(`${remotePath}.part`), { interval: 2 }).toBeGreaterThan(4_000_000);
    await fixture.host.cut();
    await failure;
    const arrivedBytes = await sizeOf(`${remotePath}.part`);
    expect(arrivedBytes).toBeGreaterThan(0);
    expect(arrivedBytes).toBeLessThan(sizeBytes);
    expect((await readFile(`${remotePath}.part`)).equals((await readFile(localPath)).subarray(0, arrivedBytes))).toBe(
      true,
    );

    // What is marked on the host would be written over if it were sent again.
    await markEnd(`${remotePath}.part`, arrivedBytes);
    const told: number[] = [];
    const onProgress = (bytes: number) => told.push(bytes);
    await host.upload({ localPath, remotePath, resume: true, onProgress }, { timeoutMs: 60_000 });
    expect(await sizeOf(remotePath)).toBe(sizeBytes);
    const sent = await readFile(remotePath);
    expect(sent.subarray(arrivedBytes - 4, arrivedBytes).toString()).toBe('MARK');
    expect(sent.subarray(arrivedBytes).equals((await readFile(localPath)).subarray(arrivedBytes))).toBe(true);
    expect(Math.min(...told)).toBeGreaterThan(arrivedBytes);
    expect(told.at(-1)).toBe(sizeBytes);
    expect(await sizeOf(`${remotePath}.part`)).toBe(0);
  });

  it('keeps what came when it is canceled, and makes the whole file of it', async () => {
    const remotePath = await setUp('canceled.tar.gz');
    const controller = new AbortController();
    const uploading = host.upload({ localPath, remotePath, resume: true }, { signal: controller.signal });
    const failure = expect(uploading).rejects.toMatchObject({ code: 'CANCELED' });
    await expect.poll(() => sizeOf(`${remotePath}.part`), { interval: 2 }).toBeGreaterThan(1_000_000);
    controller.abort();
    await failure;
    expect(await sizeOf(`${remotePath}.part`)).toBeGreaterThan(1_000_000);
    await host.upload({ localPath, remotePath, resume: true }, { timeoutMs: 60_000 });
    expect(await sumOf(remotePath)).toBe(await sumOf(localPath));
  });

  it('begins anew when more is there than the file has', async () => {
    const remotePath = join(remoteDir, 'longer');
    await writeFile(localPath, 'the file');
    await writeFile(`${remotePath}.part`, 'something else, and longer');
    await host.upload({ localPath, remotePath, resume: true });
    expect(await readFile(remotePath, 'utf8')).toBe('the file');
  });

  it('takes a file of the right size for the whole, and only gives it its name', async () => {
    const remotePath = join(remoteDir, 'whole');
    await writeFile(localPath, 'the file');
    await writeFile(`${remotePath}.part`, 'THE FILE');
    await host.upload({ localPath, remotePath, resume: true });
    expect(await readFile(remotePath, 'utf8')).toBe('THE FILE');
    await writeFile(localPath, 'FILE THE');
    await host.upload({ localPath, remotePath, resume: true });
    expect(await readFile(remotePath, 'utf8')).toBe('THE FILE');
  });
});

async function markEnd(path: string, size: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write('MARK', size - 4);
  await file.close();
}
