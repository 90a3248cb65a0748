import { mkdtempSync, realpathSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillDisk, freeDisk, isLimitedDisk, mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';
import { canMount } from './can-mount.ts';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'starwarden disk-')));
});
afterEach(async () => {
  await unmountDisks(dir);
  await rm(dir, { recursive: true });
});

const mayMount = await canMount();

describe('limited disks', () => {
  it('refuse the last byte when full and take it again when freed, or say that mounting is not allowed', async () => {
    if (!mayMount) {
      await expect(mountDisk({ path: dir, sizeBytes: 1_048_576 })).rejects.toThrow('start without --disk-mb');
      return;
    }
    await mountDisk({ path: dir, sizeBytes: 4_194_304 });
    expect(isLimitedDisk(dir)).toBe(true);
    expect(await fillDisk(dir)).toBeGreaterThan(4_000_000);
    await expect(writeFile(join(dir, 'more'), 'x'.repeat(10_000))).rejects.toThrow('ENOSPC');
    expect(await freeDisk(dir)).toBeGreaterThan(4_000_000);
    await writeFile(join(dir, 'more'), 'it fits');
    expect(await readFile(join(dir, 'more'), 'utf8')).toBe('it fits');
    await unmountDisks(dir);
    expect(isLimitedDisk(dir)).toBe(false);
    await expect(stat(join(dir, 'more'))).rejects.toThrow('ENOENT');
  });

  it('are never the machine’s own disk', async () => {
    await expect(fillDisk(dir)).rejects.toThrow('is no limited disk');
  });
});
