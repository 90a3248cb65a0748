import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountDisk, unmountDisks } from '../../../sandbox/world/disks.ts';

/** Whether this machine lets us mount: not for a normal user, nor in every container. */
export async function canMount(): Promise<boolean> {
  const path = mkdtempSync(join(tmpdir(), 'starwarden-mount-'));
  try {
    await mountDisk({ path, sizeBytes: 65_536 });
    return true;
  } catch {
    return false;
  } finally {
    await unmountDisks(path);
    await rm(path, { recursive: true });
  }
}
