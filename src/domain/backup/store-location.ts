import type { RepositoryKind } from './repository.ts';

/** Schemes of stores that are reached by the S3 protocol, as StarRocks names them (3.1 to 4.0). */
const s3Schemes = ['s3', 's3a', 's3n', 'oss', 'cosn', 'ks3', 'obs', 'tos', 'gs'];
/** Only these have an address that follows from the region or is the same everywhere. */
const aws = ['s3', 's3a', 's3n'];
const hdfsSchemes = ['hdfs', 'viewfs'];

export type StoreLocation = {
  readonly scheme: string;
  readonly kind: RepositoryKind;
  /** The bucket, or `host:port` of HDFS. */
  readonly authority: string;
  /** The parts of the path. */
  readonly path: readonly string[];
};

/** Reads the URI of ON LOCATION; null = it is none, or one that could lead elsewhere than it looks. */
export function parseLocation(location: string): StoreLocation | null {
  const [, scheme = '', authority = '', path = ''] = /^([a-z][a-z0-9]*):\/\/([^/]*)(\/.*)?$/i.exec(location) ?? [];
  if (scheme === '' || !/^[\w.@:-]*$/.test(authority) || !isPrintable(path) || /[?#\\%*{}[\]]/.test(path)) return null;
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.some((part) => part === '.' || part === '..')) return null;
  const lower = scheme.toLowerCase();
  const kind = s3Schemes.includes(lower) ? 'S3' : hdfsSchemes.includes(lower) ? 'HDFS' : 'OTHER';
  // A bucket of S3 has 3 to 63 characters, of lower case letters; old ones have capitals and underscores too.
  if (kind === 'S3' && !/^[A-Za-z0-9][\w.-]{1,254}$/.test(authority)) return null;
  return { scheme: lower, kind, authority, path: parts };
}

/** True when two locations are the same place, however often they say a slash. `s3` and `s3a` are the same store. */
export function isSameLocation(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

function canonical(location: string): string {
  const parsed = parseLocation(location);
  if (parsed === null) return location;
  const scheme = aws.includes(parsed.scheme) ? 's3' : parsed.scheme;
  return `${scheme}://${[parsed.authority, ...parsed.path].join('/')}`;
}

/** The endpoint of a store whose endpoint was not given; null = it does not follow from the location. */
export function defaultEndpoint(scheme: string, region: string | null): string | null {
  if (scheme === 'gs') return 'https://storage.googleapis.com';
  if (!aws.includes(scheme) || region === null) return null;
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/**
 * A text without the keys that somebody has put into a URI by hand, as in `s3a://KEY:SECRET@bucket/`: StarRocks shows them in
 * SHOW REPOSITORIES and in its errors. Rather hides too much, but never the port of a host.
 */
export function withoutKeys(text: string): string {
  return text.replace(/:\/\/[^\s/:@]+:(?!\d{1,5}(?:\/|$))[^\s@]*@/g, '://***@');
}

function isPrintable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  return !/[\u0000-\u001f\u007f]/.test(text) && text.isWellFormed();
}
