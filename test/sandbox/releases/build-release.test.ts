import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildRelease } from '../../../sandbox/releases/build-release.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'starwarden-build-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('buildRelease', () => {
  it('reports the checksum and size of the archive it wrote', async () => {
    const archive = await buildRelease({ version: '3.3.15', outDir: dir });
    const content = await readFile(archive.path);
    expect(archive.path).toBe(join(dir, 'StarRocks-3.3.15.tar.gz'));
    expect(archive.sizeBytes).toBe(content.length);
    expect(archive.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(await readdir(dir)).toEqual(['StarRocks-3.3.15.tar.gz']);
  });

  it('gives the same bytes twice, and other bytes for another version', async () => {
    const [first, again, other] = await Promise.all([
      buildRelease({ version: '3.5.0', outDir: dir }),
      buildRelease({ version: '3.5.0', outDir: join(dir, 'again') }),
      buildRelease({ version: '3.5.1', outDir: dir }),
    ]);
    expect(again.sha256).toBe(first.sha256);
    expect(other.sha256).not.toBe(first.sha256);
  });

  it('lays a release out like a real one', async () => {
    const { path } = await buildRelease({ version: '3.5.0', outDir: dir });
    const entries = execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).split('\n');
    for (const entry of [
      'fe/bin/start_fe.sh',
      'fe/conf/fe.conf',
      'fe/lib/starrocks-release.json',
      'fe/spark-dpp/',
      'fe/webroot/',
      'be/bin/start_cn.sh',
      'be/conf/cn.conf',
      'be/lib/starrocks_be',
      'be/www/',
    ]) {
      expect(entries).toContain(`StarRocks-3.5.0/${entry}`);
    }
  });

  it('names the releases there are when asked for another one', async () => {
    await expect(buildRelease({ version: '9.9.9', outDir: dir })).rejects.toThrow('no release 9.9.9; there are 3.2.16');
  });
});
