import { setTimeout as sleep } from 'node:timers/promises';
import type * as Sdk from '@aws-sdk/client-s3';
import { type ObjectStore, type S3Access, unreachableAfterMs } from '../object-store.ts';
import type { Pace } from '../pace.ts';

/**
 * A store that is spoken to in S3, by AWS's own client. A connection that fails, and answers of 500 and above, are tried again until
 * `unreachableAfterMs` of StarRocks time have passed, and three times at least: a server may close an idle connection just when it is
 * used again, and at a high speed that time is over before the next try. A refusal is thrown at once. The client is loaded by the first call.
 */
export function createS3Store({ pace, ...access }: S3Access & { readonly pace: Pace }): ObjectStore {
  let loading: Promise<Connected> | null = null;
  const send = async <T>(location: string, call: (connected: Connected, place: Place) => Promise<T>): Promise<T> => {
    loading ??= connect(access, pace);
    const connected = await loading;
    const place = placeOf(location);
    const until = performance.now() + pace.ms(unreachableAfterMs);
    for (let tries = 1; ; tries += 1) {
      try {
        // Signed by the clock of the machine, which `new Date` tells also where `Date.now` is ahead of it (`sandbox_clock`).
        // biome-ignore lint/complexity/useDateNow: the two differ there, and S3 refuses a time that is off
        connected.client.config.systemClockOffset = new Date().getTime() - Date.now();
        return await call(connected, place);
      } catch (error) {
        if (isRefusal(error) || (tries >= leastTries && performance.now() >= until)) throw describe(location, error);
        await sleep(Math.min(pace.atLeast(1000, 10), Math.max(1, until - performance.now())));
      }
    }
  };
  return {
    list: (location) =>
      send(location, async ({ sdk, client }, { bucket, key }) => {
        const prefix = key === '' ? '' : `${key}/`;
        const names: string[] = [];
        let token: string | undefined;
        do {
          const from = token === undefined ? {} : { ContinuationToken: token };
          const page = await client.send(
            new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, Delimiter: '/', ...from }),
          );
          for (const { Key = '' } of page.Contents ?? []) names.push(Key.slice(prefix.length));
          for (const { Prefix = '' } of page.CommonPrefixes ?? []) names.push(Prefix.slice(prefix.length, -1));
          token = page.NextContinuationToken;
        } while (token !== undefined);
        return names.filter((name) => name !== '').sort();
      }),
    read: (location) =>
      send(location, async ({ sdk, client }, { bucket, key }) => {
        try {
          const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key }));
          return Buffer.from((await Body?.transformToByteArray()) ?? []);
        } catch (error) {
          if (error instanceof sdk.NoSuchKey) return null;
          throw error;
        }
      }),
    write: (location, content) =>
      send(location, async ({ sdk, client }, { bucket, key }) => {
        await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
      }),
    removeAll: (location) =>
      send(location, async ({ sdk, client }, { bucket, key }) => {
        while (true) {
          const page = await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: `${key}/` }));
          const found = (page.Contents ?? []).map(({ Key }) => ({ Key }));
          if (found.length === 0) return;
          await client.send(new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found } }));
        }
      }),
  };
}

const leastTries = 3;

type Connected = { readonly sdk: typeof Sdk; readonly client: Sdk.S3Client };
type Place = { readonly bucket: string; readonly key: string };

async function connect(
  { endpoint, region, accessKey, secretKey, pathStyle }: S3Access,
  pace: Pace,
): Promise<Connected> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    endpoint,
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    maxAttempts: 1,
    requestHandler: { requestTimeout: pace.atLeast(unreachableAfterMs, 5000), throwOnRequestTimeout: true },
  });
  return { sdk, client };
}

function placeOf(location: string): Place {
  const [, bucket = '', path = ''] = /^[a-z0-9]+:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  return { bucket, key: path.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '') };
}

/** Answered with a no, as opposed to not answered or not able to. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status !== null && status < 500;
}

function statusOf(error: unknown): number | null {
  const metadata: unknown = error instanceof Error ? Reflect.get(error, '$metadata') : null;
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : null;
  return typeof status === 'number' ? status : null;
}

/** As the file system of the real thing words it. */
function describe(location: string, error: unknown): Error {
  const [name, message] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)];
  const status = statusOf(error);
  const text =
    status === null
      ? `Unable to execute HTTP request: ${message}`
      : `${message} (Service: S3, Status Code: ${status}, Request ID: null):${name}`;
  return new Error(`Fail to get file status: getFileStatus on ${location}: ${text}`, { cause: error });
}
