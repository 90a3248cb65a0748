import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Faults } from './faults.ts';
import type { Pace } from './pace.ts';
import { createDirectoryStore } from './store/directory-store.ts';
import { createS3Store } from './store/s3-store.ts';

/** Every scheme that the frontend's code takes for a repository. */
const schemes = new Set('hdfs viewfs s3a s3 oss cosn ks3 obs tos gs abfs abfss adl wasb wasbs'.split(' '));

/** A store as a frontend or backend sees it. A location is a URI; every call throws when the store cannot be reached or refuses. */
export type ObjectStore = {
  /** The names right below, those of "directories" included; none for a place that is not there. */
  list(location: string): Promise<string[]>;
  /** Null when the object is not there. */
  read(location: string): Promise<Buffer | null>;
  write(location: string, content: Buffer | string): Promise<void>;
  /** Everything below a place, however much it is. */
  removeAll(location: string): Promise<void>;
};

/** The PROPERTIES of a repository: where its store is and with which keys. */
export type StoreProperties = Readonly<Record<string, string>>;

export type ObjectStores = {
  /** S3 where the properties name an endpoint, else (and for hosts of `.sandbox`) a directory of this machine. */
  of(repository: { readonly properties: StoreProperties }): ObjectStore;
};

/** An S3 client of the real thing tries for that long before it says that a store cannot be reached (recorded). */
export const unreachableAfterMs = 25_000;

type Options = { readonly root: string | null; readonly pace: Pace; readonly faults: Faults };

/** `root` is the directory of buckets (`sandbox_object_store`); null where a node knows S3 only. */
export function createObjectStores({ root, pace, faults }: Options): ObjectStores {
  const directory = createDirectoryStore({ root, pace, faults });
  const known = new Map<string, ObjectStore>();
  return {
    of({ properties }) {
      const access = s3AccessOf(properties);
      if (access === null) return directory;
      const key = JSON.stringify(access);
      const store = known.get(key) ?? createS3Store({ ...access, pace });
      known.set(key, store);
      return store;
    },
  };
}

export type S3Access = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly pathStyle: boolean;
};

/** Where the stores are that are directories of this machine, as `object-store.sandbox:9000`. */
const directoryHost = /^(https?:\/\/)?[^/]*\.sandbox(:\d+)?\/?$/;

/** Both families of keys are read, the newer one first, as the frontend does. Null for a directory. */
function s3AccessOf(properties: StoreProperties): S3Access | null {
  const [newer, older] = [properties['aws.s3.endpoint'], properties['fs.s3a.endpoint']];
  const endpoint = newer ?? older;
  if (endpoint === undefined || directoryHost.test(endpoint)) return null;
  const pathStyle = properties['aws.s3.enable_path_style_access'] ?? properties['fs.s3a.path.style.access'];
  return {
    endpoint: /^https?:\/\//.test(endpoint) ? endpoint : `https://${endpoint}`,
    region: properties['aws.s3.region'] ?? 'us-east-1',
    accessKey: properties['aws.s3.access_key'] ?? properties['fs.s3a.access.key'] ?? '',
    secretKey: properties['aws.s3.secret_key'] ?? properties['fs.s3a.secret.key'] ?? '',
    pathStyle: pathStyle === 'true',
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
