import { defaultEndpoint, parseLocation } from '../../domain/backup/store-location.ts';
import { AppError } from '../../errors.ts';
import type { ObjectStore, StorePlace } from './port.ts';

/** Reads a secret by its reference. */
type Resolve = (ref: string) => Promise<string>;

/**
 * The objects of a repository. Its keys are resolved here and go nowhere else; the client is loaded with the first store
 * that needs it. Throws `OBJECT_STORE_NO_ACCESS` when there is no way to its objects but through StarRocks.
 */
export async function openStore(place: StorePlace, resolve: Resolve, guard?: () => void): Promise<ObjectStore> {
  const { name, location, access } = place;
  const parsed = parseLocation(location);
  if (parsed?.kind !== 'S3' || access === null || !/^\w{1,64}$/.test(name)) throw noAccess(name, parsed?.kind === 'S3');
  const endpoint = access.endpoint ?? defaultEndpoint(parsed.scheme, access.region);
  if (endpoint === null || !URL.canParse(endpoint))
    throw new AppError('OBJECT_STORE_NO_ACCESS', `The endpoint of ${parsed.scheme}:// for ${name} is not known`, {
      hint: 'Give the endpoint of the store, or for AWS the region of the bucket.',
    });
  const at = (folder: string) => `${[...parsed.path, `${folder}${name}`].join('/')}/`;
  const { openS3Store } = await import('./s3.ts');
  return openS3Store(
    {
      endpoint,
      region: access.region ?? 'us-east-1',
      pathStyle: access.pathStyle,
      bucket: parsed.authority,
      roots: [at('__palo_repository_'), at('__starrocks_repository_')],
      accessKey: await resolve(access.accessKeyRef),
      secretKey: await resolve(access.secretKeyRef),
    },
    guard,
  );
}

function noAccess(name: string, isS3: boolean): AppError {
  return new AppError('OBJECT_STORE_NO_ACCESS', `Starwarden has no way of its own to the objects of ${name}`, {
    hint: isS3
      ? 'Give it a key with takeOverRepository or createRepository.'
      : 'Only stores that speak S3 are reached directly; StarRocks itself reaches the others.',
  });
}
