import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
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
