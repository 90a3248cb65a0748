import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServices } from '../../scripts/services.mjs';

const localDir = fileURLToPath(new URL('../../.local/', import.meta.url));

export type BenchServices = { databaseUrl: string; redisUrl: string; dir: string };

/**
 * Runs `work` on a MariaDB and a Redis of its own that keep every promise of durability, on the disk where `npm start`
 * keeps its data: a temporary directory in memory would make every commit free.
 */
export async function withServices<T>(work: (services: BenchServices) => Promise<T>): Promise<T> {
  mkdirSync(localDir, { recursive: true });
  const dir = mkdtempSync(join(localDir, 'bench-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  // On a signal the services die with this process; only the directory would stay.
  const leave = () => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  // A MariaDB that starts removes the temporary tables of every other one that has the same directory for them.
  process.env.TMPDIR = dir;
  try {
    const services = await startServices({ dir: join(dir, 'services') });
    try {
      return await work({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl, dir });
    } finally {
      await services.stopHard();
    }
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    remove();
  }
}
