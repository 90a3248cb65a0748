import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveServer, startArchiveServer } from '../../../sandbox/world/archive-server.ts';
import { createArchives } from '../../../src/adapters/archives/local.ts';
import type { ExaminedArchive } from '../../../src/adapters/archives/port.ts';
import { download } from '../../../src/adapters/http/download.ts';
import { headOf } from '../../../src/adapters/http/head.ts';

const run = promisify(execFile);
const sizeBytes = 3_000_000;
let dir: string;
let kept: string;
let server: ArchiveServer;
/** By file name, what was served. */
const sums = new Map<string, { url: string; sha256: string; bytes: number }>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archive-store-'));
  await mkdir(join(dir, 'served'));
  server = await startArchiveServer({ dir: join(dir, 'served') });
  for (const name of ['a', 'b', 'c']) {
    const tree = join(dir, name, 'StarRocks-3.5.0', 'fe', 'bin');
    await mkdir(tree, { recursive: true });
    await run('sh', ['-c', `head -c ${sizeBytes} /dev/urandom >"$1"`, 'sh', join(tree, 'start_fe.sh')]);
    const path = join(dir, 'served', `${name}.tar.gz`);
    await run('tar', ['-czf', path, '-C', join(dir, name), 'StarRocks-3.5.0']);
    const { sha256, sizeBytes: bytes } = await newArchives().examine(path);
    sums.set(name, { url: server.urlOf(`${name}.tar.gz`), sha256, bytes });
  }
});
beforeEach(async () => {
  kept = await mkdtemp(join(dir, 'kept-'));
});
afterEach(() => server.fail(null));
afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const newArchives = (mostBytes = 1_000_000_000, directory = kept ?? tmpdir()) =>
  createArchives({ head: headOf, download, directory, mostBytes });

function archive(name: string) {
  const found = sums.get(name);
  if (found === undefined) throw new Error(name);
  return found;
}

const gets = () => server.requests.filter(({ method }) => method === 'GET');
const leftovers = async () => (await readdir(kept)).filter((name) => !name.endsWith('.lock')).toSorted();
const sumOf = async ({ path }: { path: string }) => (await newArchives().examine(path)).sha256;

describe('an archive at an address', () => {
  it('is fetched once, read, kept over a restart, and found again without asking anybody', async () => {
    const { url, sha256, bytes } = archive('a');
    const before = gets().length;
    const seen: [number, number | null][] = [];
    const onProgress = (at: number, whole: number | null) => void seen.push([at, whole]);
    expect(await newArchives().stored(sha256)).toBeNull();
    expect(await newArchives().withFetched({ url, sha256 }, { onProgress }, sumOf)).toBe(sha256);
    expect(seen.at(-1)).toEqual([bytes, bytes]);
    expect(await leftovers()).toEqual([`${sha256}.json`, `${sha256}.tar.gz`]);
    expect((await stat(join(kept, `${sha256}.tar.gz`))).mode & 0o077).toBe(0);
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
    const found: ExaminedArchive | null = await newArchives().stored(sha256);
    expect(found?.members.at(-1)).toMatchObject({ name: 'StarRocks-3.5.0/fe/bin/start_fe.sh' });
    expect(gets().length - before).toBe(1);
  });

  it('that several want at once is fetched for all of them, by other processes too', async () => {
    const { url, sha256 } = archive('a');
    const before = gets().length;
    server.fail({ kind: 'slow', bytesPerSecond: 6_000_000 });
    const worker = fileURLToPath(new URL('fetch-worker.ts', import.meta.url));
    const other = spawn(process.execPath, [worker, kept, url, sha256], { stdio: 'ignore' });
    const [first, second, [code]] = await Promise.all([
      newArchives().withFetched({ url, sha256 }, {}, sumOf),
      newArchives().withFetched({ url, sha256 }, {}, sumOf),
      once(other, 'exit'),
    ]);
    expect([first, second, code]).toEqual([sha256, sha256, 0]);
    expect(gets().length - before).toBe(1);
  });

  it('is gone on with where a connection broke, and where a process died', async () => {
    const { url, sha256 } = archive('a');
    server.fail({ kind: 'cut', afterBytes: 1_000_000 }, { times: 1 });
    await newArchives().withFetched({ url, sha256 }, {}, sumOf);
    const [, again] = gets().slice(-2);
    expect(again).toMatchObject({ status: 206, range: expect.stringMatching(/^bytes=[1-9]\d+-$/) });

    await rm(join(kept, `${sha256}.tar.gz`));
    server.fail({ kind: 'slow', bytesPerSecond: 1_000_000 });
    const worker = fileURLToPath(new URL('fetch-worker.ts', import.meta.url));
    const dying = spawn(process.execPath, [worker, kept, url, sha256], { stdio: 'ignore' });
    await expect
      .poll(async () => (await stat(join(kept, `${sha256}.part`)).catch(() => ({ size: 0 }))).size, { timeout: 15_000 })
      .toBeGreaterThan(100_000);
    dying.kill('SIGKILL');
    await once(dying, 'exit');
    server.fail(null);
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
    expect(gets().at(-1)).toMatchObject({ status: 206 });
  });

  it('begins anew at a server without ranges, and where the beginning was of another file', async () => {
    const { url, sha256 } = archive('a');
    await writeFile(join(kept, `${sha256}.part`), Buffer.alloc(500_000));
    server.fail({ kind: 'no-ranges' }, { times: 1 });
    await newArchives().withFetched({ url, sha256 }, {}, sumOf);
    await rm(join(kept, `${sha256}.tar.gz`));
    await writeFile(join(kept, `${sha256}.part`), Buffer.alloc(500_000));
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
    await rm(join(kept, `${sha256}.tar.gz`));
    await writeFile(join(kept, `${sha256}.part`), Buffer.alloc(9_000_000));
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
  });

  it('with another sum is removed, and named with the sum that it has', async () => {
    const { url, sha256 } = archive('a');
    const wanted = 'ab'.repeat(32);
    await expect(newArchives().withFetched({ url, sha256: wanted }, {}, sumOf)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(`SHA-256 sum ${sha256}, not ${wanted}`),
    });
    expect(await leftovers()).toEqual([]);
  });

  it('is not believed when its file has changed since', async () => {
    const { url, sha256 } = archive('a');
    await newArchives().withFetched({ url, sha256 }, {}, sumOf);
    await truncate(join(kept, `${sha256}.tar.gz`), 1_000);
    expect(await newArchives().stored(sha256)).toBeNull();
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
  });

  it.each([
    ['a server that refuses', { kind: 'status', status: 403 } as const, { retryable: false }],
    ['a server that is ill', { kind: 'status', status: 503 } as const, { retryable: true }],
  ])('is not had from %s', async (_what, fault, more) => {
    const { url, sha256 } = archive('a');
    server.fail(fault);
    await expect(newArchives().withFetched({ url, sha256 }, {}, sumOf)).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      message: expect.stringContaining(`answers HTTP ${fault.status}`),
      hint: expect.stringContaining('HOST_URL'),
      ...more,
    });
  });

  it('is let go of when the caller cancels, and what came stays for the next try', async () => {
    const { url, sha256 } = archive('a');
    server.fail({ kind: 'slow', bytesPerSecond: 500_000 });
    const controller = new AbortController();
    const fetching = newArchives().withFetched(
      { url, sha256 },
      { signal: controller.signal, onProgress: () => controller.abort() },
      sumOf,
    );
    await expect(fetching).rejects.toMatchObject({ code: 'CANCELED' });
    server.fail(null);
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
    expect(gets().at(-1)).toMatchObject({ status: 206 });
  });
});

describe('an address', () => {
  let other: Server;
  let at: string;
  type Answer = { status: number; headers: Record<string, string>; body: Buffer };
  let answer: (url: string) => Answer;
  beforeAll(async () => {
    other = createServer((request, response) => {
      const { status, headers, body } = answer(request.url ?? '');
      response.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const bound = other.address();
    at = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
  });
  afterAll(() => other.close());

  it('may redirect, and call the bytes encoded: they are kept as they come', async () => {
    const { sha256 } = archive('a');
    const body = await readFile(join(dir, 'served', 'a.tar.gz'));
    answer = (url): Answer =>
      url === '/there'
        ? { status: 200, headers: { 'content-encoding': 'x-gzip' }, body }
        : { status: 302, headers: { location: '/there' }, body: Buffer.alloc(0) };
    expect(await newArchives().withFetched({ url: `${at}/here`, sha256 }, {}, sumOf)).toBe(sha256);
  });

  it.each([
    ['round and round', '/again', 'redirects more than 10 times'],
    ['to a file', 'file:///etc/passwd', 'neither http nor https'],
  ])('may not redirect %s', async (_where, location, message) => {
    answer = () => ({ status: 302, headers: { location }, body: Buffer.alloc(0) });
    await expect(
      newArchives().withFetched({ url: `${at}/again`, sha256: archive('a').sha256 }, {}, sumOf),
    ).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it('that does not tell the size is fetched up to the bound and no further', async () => {
    answer = () => ({ status: 200, headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(400_000) });
    await expect(
      newArchives(100_000).withFetched({ url: at, sha256: archive('a').sha256 }, {}, sumOf),
    ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining('keeps at most 100000') });
    expect(await leftovers()).toEqual([]);
  });
});

describe('what is kept', () => {
  it('is bounded: what was used least lately goes, what is in use stays', async () => {
    const most = archive('a').bytes * 2 + 100_000;
    const [a, b, c] = [archive('a'), archive('b'), archive('c')];
    await newArchives(most).withFetched(a, {}, sumOf);
    await newArchives(most).withFetched(b, {}, sumOf);
    await newArchives(most).withFetched(a, {}, async () => {
      await newArchives(most).withFetched(c, {}, sumOf);
    });
    const archives = async () => (await leftovers()).filter((name) => name.endsWith('.tar.gz'));
    expect(await archives()).toEqual([`${a.sha256}.tar.gz`, `${c.sha256}.tar.gz`].toSorted());
    await newArchives(most).withFetched(a, {}, async () =>
      newArchives(most).withFetched(c, {}, async () =>
        expect(newArchives(most).withFetched(b, {}, sumOf)).rejects.toMatchObject({
          code: 'PRECONDITION_FAILED',
          message: expect.stringContaining('are in use'),
          retryable: true,
        }),
      ),
    );
    await expect(newArchives(1_000).withFetched(b, {}, sumOf)).rejects.toMatchObject({
      message: expect.stringContaining('keeps at most 1000'),
      hint: expect.stringContaining('STARWARDEN_DOWNLOADS_MAX_GIB'),
    });
  });

  it('goes after two weeks without use, and what was left half fetched too', async () => {
    const { sha256 } = archive('a');
    const old = new Date(Date.now() - 15 * 86_400_000);
    for (const name of [`${'1'.repeat(64)}.part`, `${'2'.repeat(64)}.tar.gz`, 'not-ours.txt']) {
      await writeFile(join(kept, name), 'x');
      await utimes(join(kept, name), old, old);
    }
    await newArchives().stored(sha256);
    expect(await leftovers()).toEqual(['not-ours.txt']);
  });

  it('is not begun on a full disk, and removed when the disk becomes full', async () => {
    const small = '/dev/full';
    expect((await stat(small)).isCharacterDevice()).toBe(true);
    const { url, sha256 } = archive('a');
    // Writing to this device always fails as a full disk does.
    await run('ln', ['-s', small, join(kept, `${sha256}.part`)]);
    await expect(newArchives().withFetched({ url, sha256 }, {}, sumOf)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: `No space left in ${kept} for the archive`,
      hint: expect.stringContaining('STARWARDEN_DOWNLOADS_DIR'),
    });
    expect(await leftovers()).toEqual([]);
    expect(await newArchives().withFetched({ url, sha256 }, {}, sumOf)).toBe(sha256);
  });

  it('is not put where others may write', async () => {
    const open = join(dir, 'open');
    await mkdir(join(open, 'mine'), { recursive: true });
    await run('chmod', ['1777', open]);
    await run('chmod', ['777', join(open, 'mine')]);
    const { url, sha256 } = archive('a');
    const into = newArchives(1_000_000_000, join(open, 'mine')).withFetched({ url, sha256 }, {}, sumOf);
    await expect(into).rejects.toMatchObject({
      message: expect.stringContaining('does not belong to Starwarden alone'),
    });
  });
});
