import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../faults.ts';
import { type ObjectStore, unreachableAfterMs } from '../object-store.ts';
import type { Pace } from '../pace.ts';

class StoreUnreachable extends Error {}

type Options = { readonly root: string | null; readonly pace: Pace; readonly faults: Faults };

/**
 * The stores a repository can live in, as directories: `<root>/<bucket or host>/<path>`. A bucket exists when its directory exists;
 * taking the directory away answers at once, the fault `store-unreachable` after as long as a store that does not answer takes.
 */
export function createDirectoryStore({ root, pace, faults }: Options): ObjectStore {
  const reach = async (location: string): Promise<string> => {
    if (faults.strike('store-unreachable', location)) {
      await sleep(pace.ms(unreachableAfterMs));
      throw new StoreUnreachable(`Fail to get file status: getFileStatus on ${location}: Connection refused`);
    }
    return pathOf(root, location);
  };
  return {
    list: async (location) => {
      const dir = await reach(location);
      return existsSync(dir) && statSync(dir).isDirectory() ? readdirSync(dir).sort() : [];
    },
    read: async (location) => {
      const file = await reach(location);
      return existsSync(file) ? readFileSync(file) : null;
    },
    write: async (location, content) => {
      const file = await reach(location);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
    removeAll: async (location) => rmSync(await reach(location), { recursive: true, force: true }),
  };
}

function pathOf(root: string | null, location: string): string {
  const match = /^([a-z0-9]+):\/\/([^/:]+)(?::\d+)?(\/.*)?$/.exec(location);
  const bucket = match?.[2];
  if (root === null || bucket === undefined) throw new StoreUnreachable(`no file system for ${location}`);
  const bucketDir = join(root, bucket);
  if (!existsSync(bucketDir)) throw new StoreUnreachable(`The specified bucket does not exist: ${bucket}`);
  const inside = normalize(`/${match?.[3] ?? ''}`);
  return join(bucketDir, inside);
}
