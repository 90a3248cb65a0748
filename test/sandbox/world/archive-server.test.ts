import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ArchiveServer, startArchiveServer } from '../../../sandbox/world/archive-server.ts';

const run = promisify(execFile);
const content = randomBytes(300_000);
let dir: string;
let server: ArchiveServer;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'starwarden-served-'));
  await writeFile(join(dir, 'StarRocks-3.5.0.tar.gz'), content);
  server = await startArchiveServer({ dir });
});
afterEach(async () => {
  await server.stop();
  await rm(dir, { recursive: true });
});

/** What a host would run: curl, going on where an earlier transfer stopped. */
async function fetchTo(target: string): Promise<{ readonly code: number }> {
  const args = ['--silent', '--fail', '--continue-at', '-', '--output', join(dir, target)];
  return run('curl', [...args, server.urlOf('StarRocks-3.5.0.tar.gz')]).then(
    () => ({ code: 0 }),
    (error: { code: number }) => ({ code: error.code }),
  );
}

it('resumes a transfer that was cut, from the byte where it stopped', async () => {
  server.fail({ kind: 'cut', afterBytes: 100_000 }, { times: 1 });
  expect(await fetchTo('half')).toEqual({ code: 18 });
  expect((await readFile(join(dir, 'half'))).length).toBe(100_000);
  expect(await fetchTo('half')).toEqual({ code: 0 });
  expect((await readFile(join(dir, 'half'))).equals(content)).toBe(true);
  expect(server.requests).toMatchObject([
    { range: null, status: 200 },
    { range: 'bytes=100000-', status: 206 },
  ]);
});

it('answers 416 to whoever asks for what is behind the end, as for a file that is there already', async () => {
  await writeFile(join(dir, 'whole'), content);
  await fetchTo('whole');
  expect(server.requests).toMatchObject([{ range: 'bytes=300000-', status: 416 }]);
  expect((await readFile(join(dir, 'whole'))).equals(content)).toBe(true);
});

it('sends all of it to a resumed transfer when the archive was replaced, or when it knows no ranges', async () => {
  const url = server.urlOf('StarRocks-3.5.0.tar.gz');
  const stale = await fetch(url, { headers: { range: 'bytes=100-', 'if-range': '"another"' } });
  expect([stale.status, (await stale.arrayBuffer()).byteLength]).toEqual([200, 300_000]);
  server.fail({ kind: 'no-ranges' });
  const ignored = await fetch(url, { headers: { range: 'bytes=100-' } });
  expect([ignored.status, (await ignored.arrayBuffer()).byteLength]).toEqual([200, 300_000]);
});

it('is slow, broken or without the archive when it is told to be', async () => {
  server.fail({ kind: 'status', status: 503 }, { times: 1 });
  expect(await fetchTo('refused')).toEqual({ code: 22 });
  server.fail({ kind: 'slow', bytesPerSecond: 600_000 });
  const startedAt = performance.now();
  expect(await fetchTo('slow')).toEqual({ code: 0 });
  expect(performance.now() - startedAt).toBeGreaterThan(450);
  server.fail(null);
  expect((await fetch(server.urlOf('StarRocks-9.9.9.tar.gz'))).status).toBe(404);
  expect((await fetch(server.urlOf('../../etc/passwd'))).status).toBe(404);
});
