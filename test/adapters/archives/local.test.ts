import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArchives } from '../../../src/adapters/archives/local.ts';
import type { Archives } from '../../../src/adapters/archives/port.ts';
import { download } from '../../../src/adapters/http/download.ts';
import { headOf } from '../../../src/adapters/http/head.ts';

const run = promisify(execFile);
let archives: Archives;
let dir: string;
let archive: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archives-'));
  archives = createArchives({ head: headOf, download, directory: join(dir, 'kept'), mostBytes: 1_000_000_000 });
  await mkdir(join(dir, 'StarRocks-3.5.0', 'fe', 'bin'), { recursive: true });
  await writeFile(join(dir, 'StarRocks-3.5.0', 'fe', 'bin', 'start_fe.sh'), 'x'.repeat(3_000_000));
  archive = join(dir, 'good.tar.gz');
  await run('tar', ['-czf', archive, '-C', dir, 'StarRocks-3.5.0']);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe('an archive on this machine', () => {
  it('is read once for its size, its sum and its members', async () => {
    const bytes = await readFile(archive);
    const seen: number[] = [];
    expect(await archives.examine(archive, { onBytes: (count) => seen.push(count) })).toEqual({
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      members: [
        { name: 'StarRocks-3.5.0/', type: 'directory', target: null },
        { name: 'StarRocks-3.5.0/fe/', type: 'directory', target: null },
        { name: 'StarRocks-3.5.0/fe/bin/', type: 'directory', target: null },
        { name: 'StarRocks-3.5.0/fe/bin/start_fe.sh', type: 'file', target: null },
      ],
      unreadable: null,
    });
    expect(seen.at(-1)).toBe(bytes.length);
    expect(await archives.sizeOf(archive)).toBe(bytes.length);
  });

  it('is told to be broken when its end is missing, with the sum of what is there', async () => {
    const bytes = (await readFile(archive)).subarray(0, -40);
    const file = join(dir, 'cut.tar.gz');
    await writeFile(file, bytes);
    const found = await archives.examine(file);
    expect(found.unreadable).toMatch(/unexpected end of file/);
    expect(found.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('is read to its end for the sum though tar gives up at once', async () => {
    const bytes = Buffer.alloc(5_000_000, 'no archive at all ');
    const file = join(dir, 'text.tar.gz');
    await writeFile(file, bytes);
    const found = await archives.examine(file);
    expect(found).toMatchObject({ sizeBytes: bytes.length, members: [] });
    expect(found.unreadable).toMatch(/not in gzip format/);
    expect(found.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('tells links with where they lead, and odd names so that one line is one member', async () => {
    const odd = join(dir, 'odd');
    await mkdir(odd);
    await writeFile(join(odd, 'a b\nc'), 'x');
    await symlink('../out -> there', join(odd, 'sym'));
    await link(join(odd, 'a b\nc'), join(odd, 'z'));
    const path = join(dir, 'odd.tar.gz');
    await run('tar', ['-czf', path, '--sort=name', '-C', dir, 'odd']);
    expect((await archives.examine(path)).members).toEqual([
      { name: 'odd/', type: 'directory', target: null },
      { name: 'odd/a b\\nc', type: 'file', target: null },
      { name: 'odd/sym', type: 'symlink', target: '../out -> there' },
      { name: 'odd/z', type: 'hardlink', target: 'odd/a b\\nc' },
    ]);
  });

  it.each([
    ['xz', 'fd377a585a000004e6d6b446', /compressed with xz, and has to be a tar compressed with gzip/],
    ['zstd', '28b52ffd04001900', /compressed with zstd/],
    ['bzip2', '425a683931415926', /compressed with bzip2/],
    ['zip', '504b030414000000', /a zip file/],
    ['a page of a login', Buffer.from('<!DOCTYPE html><html>').toString('hex'), /a page of a web site/],
  ])('is told to be %s, when it is that', async (name, hex, told) => {
    const path = join(dir, `${name}.tar.gz`);
    await writeFile(path, Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(1000)]));
    expect((await archives.examine(path)).unreadable).toMatch(told);
  });

  it.each(['missing.tar.gz', '.'])('is not there at %j', async (name) => {
    const refused = { code: 'NOT_FOUND', message: expect.stringContaining('There is no archive to read') };
    await expect(archives.sizeOf(join(dir, name))).rejects.toMatchObject(refused);
    await expect(archives.examine(join(dir, name))).rejects.toMatchObject(refused);
  });

  it('is let go of when the caller cancels', async () => {
    const controller = new AbortController();
    const reading = archives.examine(archive, { signal: controller.signal, onBytes: () => controller.abort() });
    await expect(reading).rejects.toMatchObject({ code: 'CANCELED' });
  });
});

describe('an archive at an address', () => {
  async function serve(listener: RequestListener): Promise<{ url: string } & AsyncDisposable> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return {
      url: `http://127.0.0.1:${address.port}/sr.tar.gz`,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  }

  it('tells its size without being sent', async () => {
    const methods: (string | undefined)[] = [];
    await using server = await serve((request, response) => {
      methods.push(request.method);
      response.setHeader('content-length', '123456');
      response.end();
    });
    expect(await archives.head(server.url)).toEqual({ status: 200, sizeBytes: 123_456 });
    expect(methods).toEqual(['HEAD']);
  });

  it('is told to be missing, as the server says it', async () => {
    await using server = await serve((_request, response) => {
      response.statusCode = 404;
      response.end();
    });
    expect(await archives.head(server.url)).toMatchObject({ status: 404 });
  });

  it('is not waited for without end', async () => {
    await using server = await serve(() => undefined);
    await expect(archives.head(server.url, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('is told to be out of reach', async () => {
    const { url } = await serve(() => undefined).then(async (server) => {
      await server[Symbol.asyncDispose]();
      return server;
    });
    await expect(archives.head(url)).rejects.toMatchObject({ code: 'HTTP_FAILED', retryable: true });
  });
});
