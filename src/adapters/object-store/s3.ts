import { createHash } from 'node:crypto';
import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AppError } from '../../errors.ts';
import { createRedactor } from '../redact.ts';
import { assertKey, assertOfSnapshot, assertPrefix } from './confine.ts';
import { readContent } from './content.ts';
import { explainStoreFailure, type StoreAction } from './explain.ts';
import type { ObjectStore, StoreCall, StoredObject } from './port.ts';
import { withRetries } from './retry.ts';

/** A bucket, where in it the repository is, and the key to it. */
export type S3Place = {
  readonly endpoint: string;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly bucket: string;
  /** The roots that the repository may have, the one of old StarRocks first; the one that has a `__repo_info` counts. */
  readonly roots: readonly [old: string, usual: string];
  readonly accessKey: string;
  readonly secretKey: string;
};

/** Idle connections are closed before a store or a load balancer closes them. */
const agentOptions = { keepAlive: true, maxSockets: 16, timeout: 60_000, keepAliveMsecs: 1_000 };
const agents = { httpAgent: new PlainAgent(agentOptions), httpsAgent: new TlsAgent(agentOptions) };

const keysPerPage = 1_000;
/** The most that S3 removes in one request. */
const keysPerRemoval = 1_000;
const repositoryInfo = '__repo_info';

type Send = <T>(action: StoreAction, call: StoreCall, send: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** The objects of one repository in a store that speaks S3. `guard` is called before each request that changes something. */
export function openS3Store(place: S3Place, guard: () => void = () => undefined): ObjectStore {
  const client = makeClient(place);
  const { bucket: Bucket } = place;
  const { redact } = createRedactor([place.secretKey, place.accessKey]);
  const send: Send = (action, call, request) =>
    withRetries({
      what: `${place.endpoint}: to ${action} in the bucket ${Bucket}`,
      call,
      send: request,
      explain: (error) => explainStoreFailure(error, { ...place, action, redact, now: new Date() }),
    });

  const listPage = async (prefix: string, call: StoreCall, page: { token?: string | undefined; most: number }) => {
    const answer = await send('list', call, (abortSignal) =>
      client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: prefix,
          MaxKeys: page.most,
          // A key may hold characters that no XML can.
          EncodingType: 'url',
          ...(page.token === undefined ? {} : { ContinuationToken: page.token }),
        }),
        { abortSignal },
      ),
    );
    if (answer.Name === undefined && answer.Contents === undefined) throw notABucket(place);
    return answer;
  };

  /** Found once: nobody moves a repository from one root to the other. */
  let root: Promise<string> | null = null;
  const findRoot = (call: StoreCall): Promise<string> => {
    const [old, usual] = place.roots;
    root ??= listPage(`${old}${repositoryInfo}`, call, { most: 1 }).then(
      (page) => ((page.Contents ?? []).length > 0 ? old : usual),
      (error: unknown) => {
        root = null;
        throw error;
      },
    );
    return root;
  };

  async function* list(prefix: string, call: StoreCall = {}): AsyncGenerator<StoredObject> {
    assertPrefix(prefix);
    const base = await findRoot(call);
    let token: string | undefined;
    let last = '';
    do {
      const page: ListObjectsV2CommandOutput = await listPage(base + prefix, call, { token, most: keysPerPage });
      // Pages are cut by the order of the keys: a store that does not keep to it hides objects, or shows them twice.
      const isWhole = token === undefined && page.IsTruncated !== true;
      const objects = isWhole ? objectsOf(page).toSorted((a, b) => compareKeys(a.key, b.key)) : objectsOf(page);
      for (const object of objects) {
        if (!object.key.startsWith(base + prefix)) throw contradiction(place, 'lists what was not asked for');
        if (compareKeys(last, object.key) >= 0) throw contradiction(place, 'lists its objects in no order');
        last = object.key;
        yield { ...object, key: object.key.slice(base.length) };
      }
      const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
      if (page.IsTruncated === true && (next === undefined || next === token))
        throw contradiction(place, 'says that its list goes on, and not how');
      token = next;
    } while (token !== undefined);
  }

  return {
    list,
    head: async (key, call = {}) => {
      assertKey(key);
      const base = await findRoot(call);
      // A HEAD has no body that could say why it failed, nor whether it is the bucket that is missing.
      const [first] = objectsOf(await listPage(base + key, call, { most: 1 }));
      return first?.key === base + key ? { ...first, key } : null;
    },
    read: async function* (key, call = {}) {
      assertKey(key);
      const Key = (await findRoot(call)) + key;
      const body = new AbortController();
      const signal = call.signal === undefined ? body.signal : AbortSignal.any([call.signal, body.signal]);
      try {
        const answer = await send('read', call, (abortSignal) =>
          client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal }),
        );
        yield* readContent(answer.Body, {
          what: `${place.endpoint}: the content of ${key}`,
          size: answer.ContentLength ?? null,
          ...call,
          signal,
        });
      } finally {
        body.abort();
      }
    },
    put: async (key, content, call = {}) => {
      assertKey(key);
      const Key = (await findRoot(call)) + key;
      await send('put', call, async (abortSignal) => {
        guard();
        await client.send(new PutObjectCommand({ Bucket, Key, Body: content, ContentLength: content.byteLength }), {
          abortSignal,
        });
      });
    },
    remove: async (key, call = {}) => {
      assertKey(key);
      await removeOne({ client, send, guard, call }, { Bucket, Key: (await findRoot(call)) + key });
    },
    removeOfSnapshot: async (snapshot, keys, call = {}) => {
      assertOfSnapshot(snapshot, keys);
      const base = await findRoot(call);
      let versionsKept = 0;
      for (let from = 0; from < keys.length; from += keysPerRemoval) {
        const some = keys.slice(from, from + keysPerRemoval).map((key) => base + key);
        versionsKept += await removeSome({ client, send, guard, call, redact }, { Bucket, keys: some, place });
      }
      return { removed: keys.length, versionsKept };
    },
  };
}

type Removing = {
  readonly client: S3Client;
  readonly send: Send;
  readonly guard: () => void;
  readonly call: StoreCall;
};

/** Answers whether the bucket keeps what the object was, as an older version. */
async function removeOne(
  { client, send, guard, call }: Removing,
  at: { Bucket: string; Key: string },
): Promise<boolean> {
  const answer = await send('remove', call, async (abortSignal) => {
    guard();
    return client.send(new DeleteObjectCommand(at), { abortSignal });
  });
  return answer.DeleteMarker === true;
}

/**
 * Removes up to 1,000 objects; a store that cannot remove many at once is asked for each. Answers of how many the bucket
 * keeps older versions.
 */
async function removeSome(
  removing: Removing & { readonly redact: (text: string) => string },
  { Bucket, keys, place }: { Bucket: string; keys: readonly string[]; place: S3Place },
): Promise<number> {
  const { client, send, guard, call, redact } = removing;
  const answer = await send('remove', call, async (abortSignal) => {
    guard();
    const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: false };
    return client.send(new DeleteObjectsCommand({ Bucket, Delete }), { abortSignal });
  }).catch((error: unknown) => {
    if (error instanceof AppError && /NotImplemented|MethodNotAllowed/.test(error.message)) return null;
    throw error;
  });
  if (answer === null) {
    let versionsKept = 0;
    for (const Key of keys) if (await removeOne(removing, { Bucket, Key })) versionsKept += 1;
    return versionsKept;
  }
  const [refused] = answer.Errors ?? [];
  if (refused !== undefined) {
    const many = (answer.Errors ?? []).length;
    const error = Object.assign(new Error(`${refused.Message ?? ''} (${many} of ${keys.length} objects)`), {
      name: refused.Code ?? 'Error',
    });
    throw explainStoreFailure(error, { ...place, action: 'remove', redact, now: new Date() });
  }
  const gone = new Set((answer.Deleted ?? []).map(({ Key }) => Key));
  const silentOn = keys.filter((key) => !gone.has(key)).length;
  if (silentOn > 0) throw contradiction(place, `does not say what became of ${silentOn} of ${keys.length} objects`);
  return (answer.Deleted ?? []).filter(({ DeleteMarker }) => DeleteMarker === true).length;
}

function makeClient({ endpoint, region, pathStyle, accessKey, secretKey }: S3Place): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    // Tries, times and limits are those of `withRetries`.
    maxAttempts: 1,
    requestHandler: { ...agents, connectionTimeout: 0, requestTimeout: 0 },
    // Stores of other makers do not know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Nothing of the machine's own settings for AWS counts here.
    followRegionRedirects: false,
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
  });
  // Removing many at once needs a checksum, and MD5 is the one that every store knows.
  client.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args;
      if (isRequest(request) && 'delete' in request.query && typeof request.body === 'string') {
        for (const name of Object.keys(request.headers))
          if (/^x-amz-(checksum-|sdk-checksum)/i.test(name)) delete request.headers[name];
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
      }
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'md5OfRemovals' },
  );
  return client;
}

type HttpRequest = { query: Record<string, unknown>; headers: Record<string, string>; body: unknown };

function isRequest(value: unknown): value is HttpRequest {
  return typeof value === 'object' && value !== null && 'query' in value && 'headers' in value && 'body' in value;
}

function objectsOf(page: ListObjectsV2CommandOutput): readonly StoredObject[] {
  return (page.Contents ?? []).map(({ Key = '', Size = 0, ETag = '', LastModified }) => ({
    key: page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key,
    size: Size,
    etag: ETag.replaceAll('"', ''),
    modifiedAt: LastModified ?? null,
  }));
}

/** A server that takes the bucket's name in the path only, asked in the other way, lists its buckets. */
function notABucket({ endpoint, bucket, pathStyle }: S3Place): AppError {
  if (pathStyle)
    return new AppError('OBJECT_STORE_NOT_S3', `${endpoint} answers, but not as an S3 server does`, {
      hint: 'Check the address and the port: the console of a store is another one than its S3 endpoint.',
    });
  return new AppError('OBJECT_STORE_ADDRESS_STYLE_WRONG', `${endpoint} does not see ${bucket} in front of its name`, {
    hint: 'Switch path style on: the bucket then stands in the path.',
  });
}

/** In the order of the bytes of UTF-8, as S3 has it: JavaScript's own order is another one for rare characters. */
function compareKeys(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function contradiction({ endpoint, bucket }: S3Place, what: string): AppError {
  return new AppError('OBJECT_STORE_BROKE_OFF', `${endpoint} ${what} (bucket ${bucket})`, {
    hint: 'Look at the store, and at what stands in between.',
  });
}
