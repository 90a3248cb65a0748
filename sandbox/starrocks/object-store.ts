import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

/** Every scheme that the frontend's code takes for a repository. */
const schemes = new Set('hdfs viewfs s3a s3 oss cosn ks3 obs tos gs abfs abfss adl wasb wasbs'.split(' '));

/**
 * The stores a repository can live in, as directories: `<root>/<bucket or host>/<path>`. A bucket exists when its
 * directory exists; taking the directory away is how a test makes the store unreachable.
 */
export type ObjectStore = {
  list(location: string): string[];
  read(location: string): Buffer | null;
  write(location: string, content: Buffer | string): void;
  copyIn(file: string, location: string): void;
  copyOut(location: string, file: string): void;
};

class StoreUnreachable extends Error {}

export function createObjectStore(root: string | null): ObjectStore {
  const path = (location: string) => pathOf(root, location);
  return {
    list: (location) => {
      const dir = path(location);
      return existsSync(dir) && statSync(dir).isDirectory() ? readdirSync(dir).sort() : [];
    },
    read: (location) => {
      const file = path(location);
      return existsSync(file) ? readFileSync(file) : null;
    },
    write: (location, content) => {
      const file = path(location);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    },
    copyIn: (file, location) => {
      const target = path(location);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    },
    copyOut: (location, file) => {
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(path(location), file);
    },
  };
}

/** Whether the text is a location the frontend would try at all. */
export function isStoreLocation(location: string): boolean {
  const scheme = /^([a-z0-9]+):\/\/[^/]+/.exec(location)?.[1];
  return scheme !== undefined && schemes.has(scheme);
}

export function md5(content: Buffer | string): string {
  return createHash('md5').update(content).digest('hex');
}

/** `name.<32 hex>` is how a checked file is called in the store; gives the parts, or null for other names. */
export function splitChecksum(file: string): { name: string; checksum: string } | null {
  const match = /^(.+)\.([0-9a-f]{32})$/.exec(basename(file));
  return match?.[1] !== undefined && match[2] !== undefined ? { name: match[1], checksum: match[2] } : null;
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
