import { randomBytes } from 'node:crypto';
import { appendFile, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import {
  archiveState,
  fetchArchive,
  linkArchive,
  prepareArchiveDir,
  removeArchive,
  verifyArchive,
} from '../../../src/adapters/ssh/archive-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import { parseArchiveState } from '../../../src/adapters/ssh/release-answers.ts';
import { archiveFileOf, checkedSha256, keptNameOf, stagedIdOf } from '../../../src/adapters/ssh/release-dirs.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { type Archive, describeArchive, runLocally } from './release-fixture.ts';

const mayMount = await canMount();

let dir: string;
let deployDir: string;
let archive: Archive;
let content: Buffer;
let place: { deployDir: string; sha256: string };
let file: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archives-'));
  content = randomBytes(400_000);
  await writeFile(join(dir, 'StarRocks-3.5.0.tar.gz'), content);
  archive = describeArchive(join(dir, 'StarRocks-3.5.0.tar.gz'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(async () => {
  deployDir = join(dir, 'fe of $USER');
  await rm(deployDir, { recursive: true, force: true });
  await mkdir(deployDir);
  place = { deployDir, sha256: archive.sha256 };
  file = archiveFileOf(place);
});

const stateOf = async () => parseArchiveState((await runLocally(archiveState(place))).stdout);
const failureOf = async (command: ReturnType<typeof verifyArchive>) => hostFailureOf(await runLocally(command));
const complete = () => ({ state: 'complete', bytes: archive.sizeBytes });

describe('an archive on a host', () => {
  it('is none, then part of one, then one whose sum was not compared, then complete', async () => {
    expect(await stateOf()).toEqual({ state: 'none' });
    expect(await failureOf(verifyArchive(place))).toMatchObject({ reason: 'noArchive' });
    expect(await failureOf(prepareArchiveDir({ deployDir }))).toBeNull();
    expect(await stateOf()).toEqual({ state: 'none' });
    await writeFile(`${file}.part`, content.subarray(0, 1_000));
    expect(await stateOf()).toEqual({ state: 'partial', bytes: 1_000 });
    await rm(`${file}.part`);
    await writeFile(file, content);
    expect(await stateOf()).toEqual({ state: 'unverified', bytes: archive.sizeBytes });
    expect(await failureOf(verifyArchive(place))).toBeNull();
    expect(await stateOf()).toEqual(complete());
  });

  it('gets its name when its sum was compared under the name of a part', async () => {
    await runLocally(prepareArchiveDir({ deployDir }));
    await writeFile(`${file}.part`, content);
    expect(await failureOf(verifyArchive(place))).toBeNull();
    expect(await stateOf()).toEqual(complete());
    expect((await readdir(join(deployDir, 'starwarden', 'archives'))).filter((name) => name.endsWith('.part'))).toEqual(
      [],
    );
  });

  it('is removed when it has another sum, which is told', async () => {
    await runLocally(prepareArchiveDir({ deployDir }));
    await writeFile(file, 'something else');
    expect(await failureOf(verifyArchive(place))).toEqual({
      reason: 'badArchive',
      message: expect.stringMatching(
        /^the archive has the SHA-256 sum [0-9a-f]{64}, not [0-9a-f]{64}; it was removed$/,
      ),
    });
    expect(await stateOf()).toEqual({ state: 'none' });
  });

  it('is not complete any more when it changes, be it by its size or by its time alone', async () => {
    await runLocally(prepareArchiveDir({ deployDir }));
    await writeFile(file, content);
    await runLocally(verifyArchive(place));
    await writeFile(file, content);
    expect(await stateOf()).toMatchObject({ state: 'unverified' });
    await runLocally(verifyArchive(place));
    expect(await stateOf()).toEqual(complete());
    await appendFile(file, 'x');
    expect(await stateOf()).toMatchObject({ state: 'unverified' });
  });

  it('is removed without a trace', async () => {
    await runLocally(linkArchive({ ...place, path: archive.path }));
    expect(await failureOf(removeArchive(place))).toBeNull();
    expect(await stateOf()).toEqual({ state: 'none' });
    expect(await readdir(deployDir)).toEqual([]);
    expect((await readFile(archive.path)).equals(content)).toBe(true);
  });
});

describe('an archive that is on the host already', () => {
  it('takes no room a second time', async () => {
    expect(await failureOf(linkArchive({ ...place, path: archive.path }))).toBeNull();
    expect(await stateOf()).toEqual(complete());
    expect((await lstat(file)).ino).toBe((await stat(archive.path)).ino);
  });

  it('is linked to where it lies on another file system', async () => {
    const other = await mkdtemp('/dev/shm/starwarden-');
    try {
      await writeFile(join(other, 'a b.tar.gz'), content);
      const isOther = (await stat(other)).dev !== (await stat(dir)).dev;
      expect(await failureOf(linkArchive({ ...place, path: join(other, 'a b.tar.gz') }))).toBeNull();
      expect((await lstat(file)).isSymbolicLink()).toBe(isOther);
      expect(await stateOf()).toEqual(complete());
      await appendFile(join(other, 'a b.tar.gz'), 'x');
      expect(await stateOf()).toMatchObject({ state: 'unverified' });
      expect(await failureOf(verifyArchive(place))).toMatchObject({ reason: 'badArchive' });
      expect((await stat(join(other, 'a b.tar.gz'))).size).toBe(archive.sizeBytes + 1);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('is not taken with another sum, and stays where it is', async () => {
    await writeFile(join(dir, 'other.tar.gz'), 'other');
    expect(await failureOf(linkArchive({ ...place, path: join(dir, 'other.tar.gz') }))).toMatchObject({
      reason: 'badArchive',
    });
    expect(await stateOf()).toEqual({ state: 'none' });
    expect(await readFile(join(dir, 'other.tar.gz'), 'utf8')).toBe('other');
    expect(await failureOf(linkArchive({ ...place, path: join(dir, 'missing') }))).toMatchObject({
      reason: 'noArchive',
    });
  });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('an archive that a host fetches', () => {
  let server: Server;
  let url: string;
  let answer: Answer;
  let ranges: (string | undefined)[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      ranges.push(request.headers.range);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    url = `http://127.0.0.1:${bound.port}/StarRocks-3.5.0.tar.gz?a='b'&c=$(id>never)&d=[1-3]{x}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    ranges = [];
  });

  const startOf = (request: IncomingMessage) => Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);

  /** As a file server does it; `cutAfter`: the connection breaks after so many bytes of each answer. */
  const withRanges =
    ({ cutAfter = Number.POSITIVE_INFINITY } = {}): Answer =>
    (request, response) => {
      const start = startOf(request);
      if (start >= content.length) {
        response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
        return;
      }
      const headers = {
        'content-length': content.length - start,
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      };
      response.writeHead(request.headers.range === undefined ? 200 : 206, headers);
      if (content.length - start <= cutAfter) response.end(content.subarray(start));
      else response.write(content.subarray(start, start + cutAfter), () => response.destroy());
    };
  const wholeOnly: Answer = (_request, response) => {
    response.writeHead(200, { 'content-length': content.length }).end(content);
  };

  /** A PATH with the one tool and everything else that the script needs. */
  const only = async (tool: 'curl' | 'wget') => {
    const bin = join(dir, `only-${tool}`);
    await mkdir(bin, { recursive: true });
    const tools = [
      tool,
      'mkdir',
      'touch',
      'flock',
      'stat',
      'cat',
      'sha256sum',
      'rm',
      'mv',
      'sync',
      'head',
      'paste',
      'sleep',
    ];
    for (const name of tools) {
      await writeFile(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin exec ${name} "$@"\n`, { mode: 0o755 });
    }
    return { environment: { PATH: bin }, shell: '/bin/sh' };
  };

  describe.each(['curl', 'wget'] as const)('by %s', (tool) => {
    const fetchIt = async () => hostFailureOf(await runLocally(fetchArchive({ ...place, url }), await only(tool)));

    it('comes whole, and is not asked for again', async () => {
      answer = withRanges();
      expect(await fetchIt()).toBeNull();
      expect(await stateOf()).toEqual(complete());
      expect(await fetchIt()).toBeNull();
      expect(ranges).toHaveLength(1);
    });

    it('comes in pieces over a connection that breaks again and again', async () => {
      answer = withRanges({ cutAfter: 150_000 });
      expect(await fetchIt()).toBeNull();
      expect(await stateOf()).toEqual(complete());
      expect(ranges.length).toBe(3);
      expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    });

    it('goes on behind what an earlier try left', async () => {
      await runLocally(prepareArchiveDir({ deployDir }));
      await writeFile(`${file}.part`, content.subarray(0, 300_000));
      answer = withRanges();
      expect(await fetchIt()).toBeNull();
      expect(ranges).toEqual(['bytes=300000-']);
    });

    it('is taken as it is when all of it came before, and its name did not', async () => {
      await runLocally(prepareArchiveDir({ deployDir }));
      await writeFile(`${file}.part`, content);
      answer = withRanges();
      expect(await fetchIt()).toBeNull();
      expect(await stateOf()).toEqual(complete());
    });

    it('is asked for as a whole from a server that knows no ranges', async () => {
      await runLocally(prepareArchiveDir({ deployDir }));
      await writeFile(`${file}.part`, content.subarray(0, 300_000));
      answer = wholeOnly;
      expect(await fetchIt()).toBeNull();
      expect(await stateOf()).toEqual(complete());
    });

    it('keeps what came when the server has it no more', async () => {
      await runLocally(prepareArchiveDir({ deployDir }));
      await writeFile(`${file}.part`, content.subarray(0, 300_000));
      answer = (_request, response) => response.writeHead(503).end('down for repair');
      expect(await fetchIt()).toMatchObject({ reason: 'download', message: expect.stringContaining('503') });
      expect(await stateOf()).toEqual({ state: 'partial', bytes: 300_000 });
    });

    it('leaves no room taken on a disk that is too small', async () => {
      if (!mayMount) {
        await expect(mountDisk({ path: deployDir, sizeBytes: 1_048_576 })).rejects.toThrow('start without --disk-mb');
        return;
      }
      await mountDisk({ path: deployDir, sizeBytes: 300_000 });
      try {
        answer = withRanges();
        expect(await fetchIt()).toMatchObject({ reason: 'noSpace' });
        expect(await stateOf()).toEqual({ state: 'none' });
      } finally {
        await unmountDisks(dir);
      }
    });

    it('is removed when it is another file', async () => {
      answer = (_request, response) => response.end('<html>log in first</html>');
      expect(await fetchIt()).toMatchObject({ reason: 'badArchive' });
      expect(await stateOf()).toEqual({ state: 'none' });
    });
  });

  it('is not fetched from a server that is not there, nor without a tool', async () => {
    const nowhere = fetchArchive({ ...place, url: 'http://127.0.0.1:1/x' });
    expect(await failureOf(nowhere)).toMatchObject({
      reason: 'download',
      message: expect.stringMatching(/onnect|refused/),
    });
    const { environment, shell } = await only('curl');
    await rm(join(environment.PATH, 'curl'));
    expect(hostFailureOf(await runLocally(nowhere, { environment, shell }))).toEqual({
      reason: 'download',
      message: 'neither curl nor wget is installed',
    });
  });

  it.each(['file:///etc/passwd', 'ftp://host/x', '-o /etc/passwd', 'http://host/a b', 'http://'])(
    'refuses %j',
    (bad) => {
      expect(() => fetchArchive({ ...place, url: bad })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    },
  );
});

describe('the names of ours', () => {
  it('tell version and archive, or version and run', () => {
    expect(stagedIdOf({ version: '3.5.0-rc01', sha256: archive.sha256 })).toBe(
      `3.5.0-rc01-${archive.sha256.slice(0, 8)}`,
    );
    expect(keptNameOf({ version: '3.4.1-1a2b3c4', runId: 'run_01J00000000000000ABCDEFGH' })).toBe(
      '3.4.1-1a2b3c4_ABCDEFGH',
    );
  });

  it.each([
    ['', 'unknown_ABCDEFGH'],
    ['../../etc', 'etc_ABCDEFGH'],
    ['-rf /', 'rf-_ABCDEFGH'],
    ['3.4 (built by us)', '3.4-built-by-us-_ABCDEFGH'],
    ['x'.repeat(500), `${'x'.repeat(80)}_ABCDEFGH`],
  ])('make a name of the version %j that a node reports', (version, name) => {
    expect(keptNameOf({ version, runId: 'run_01J00000000000000ABCDEFGH' })).toBe(name);
  });

  it.each(['', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`, `../${'a'.repeat(61)}`])(
    'refuse the sum %j',
    (sum) => {
      expect(() => checkedSha256(sum)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    },
  );
});
