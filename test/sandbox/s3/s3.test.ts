import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3 } from '../../../sandbox/s3/start-s3.ts';

let s3: S3Server;
const clients: S3Client[] = [];
beforeAll(async () => {
  s3 = await startS3({ buckets: ['backups', 'other'] });
});
afterEach(() => {
  s3.faults.clear();
  s3.shiftClock(0);
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await s3.stop();
});

function connect(changes: S3ClientConfig = {}): S3Client {
  const { endpoint, region, user } = s3;
  const credentials = { accessKeyId: user.accessKey, secretAccessKey: user.secretKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials, maxAttempts: 1, ...changes });
  clients.push(client);
  return client;
}

const list = (client: S3Client, Bucket = 'backups') => client.send(new ListObjectsV2Command({ Bucket }));
const put = (client: S3Client, Key: string, Body: string | Buffer = 'x', more = {}) =>
  client.send(new PutObjectCommand({ Bucket: 'backups', Key, Body, ...more }));

describe('who may', () => {
  it.each<[string, S3ClientConfig, { name: string; status: number }]>([
    [
      'an unknown key',
      { credentials: { accessKeyId: 'X', secretAccessKey: 'Y' } },
      { name: 'InvalidAccessKeyId', status: 403 },
    ],
    [
      'a wrong secret',
      { credentials: { accessKeyId: 'SANDBOXKEY', secretAccessKey: 'Y' } },
      { name: 'SignatureDoesNotMatch', status: 403 },
    ],
    ['another region', { region: 'eu-west-1' }, { name: 'AuthorizationHeaderMalformed', status: 400 }],
    ['nobody', { signer: { sign: async (request) => request } }, { name: 'AccessDenied', status: 403 }],
  ])('refuses %s', async (_who, changes, { name, status }) => {
    await expect(list(connect(changes))).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
  });

  it('refuses a client whose clock is half an hour off', async () => {
    s3.shiftClock(30 * 60_000);
    await expect(list(connect())).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
  });

  it('keeps a user to the buckets it was given, and a bucket that is not there', async () => {
    s3.addUser({ accessKey: 'NARROW', secretKey: 'n', buckets: ['other'] });
    const narrow = connect({ credentials: { accessKeyId: 'NARROW', secretAccessKey: 'n' } });
    await expect(list(narrow, 'backups')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(list(narrow, 'other')).resolves.toMatchObject({ KeyCount: 0 });
    await expect(list(connect(), 'nowhere')).rejects.toMatchObject({ name: 'NoSuchBucket' });
    s3.dropUser('NARROW');
    await expect(list(narrow, 'other')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
  });
});

describe('objects', () => {
  it('keeps any key, its MD5 as the ETag, and ranges', async () => {
    const client = connect();
    const key = "w/a b'c*ü+é(1)!.x";
    await put(client, key, 'hello');
    const got = await client.send(new GetObjectCommand({ Bucket: 'backups', Key: key, Range: 'bytes=1-2' }));
    expect([await got.Body?.transformToString(), got.ETag]).toEqual(['el', '"5d41402abc4b2a76b9719d911017c592"']);
    const head = await client.send(new HeadObjectCommand({ Bucket: 'backups', Key: key }));
    expect(head.ContentLength).toBe(5);
    await expect(client.send(new HeadObjectCommand({ Bucket: 'backups', Key: 'nope' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('refuses a body that is not what Content-MD5 says', async () => {
    await expect(put(connect(), 'm', 'hello', { ContentMD5: '1B2M2Y8AsgTpgAmY7PhCfg==' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
  });

  it('lists a thousand at a time in order, and deletes a thousand at most', async () => {
    const names = Array.from({ length: 1001 }, (_, at) => `many/${at % 7}/o${String(at).padStart(5, '0')}`).sort();
    await Promise.all(names.map((name) => s3.inside.put('backups', name, 'x')));
    const client = connect();
    const first = await client.send(new ListObjectsV2Command({ Bucket: 'backups', Prefix: 'many/' }));
    const next = { ContinuationToken: first.NextContinuationToken };
    const second = await client.send(new ListObjectsV2Command({ Bucket: 'backups', Prefix: 'many/', ...next }));
    const keys = [...(first.Contents ?? []), ...(second.Contents ?? [])].map(({ Key }) => Key);
    expect([first.KeyCount, second.KeyCount, keys]).toEqual([1000, 1, names]);
    const remove = (Keys: string[]) =>
      client.send(new DeleteObjectsCommand({ Bucket: 'backups', Delete: { Objects: Keys.map((Key) => ({ Key })) } }));
    await expect(remove(names)).rejects.toMatchObject({ name: 'MalformedXML' });
    expect((await remove(names.slice(1))).Deleted).toHaveLength(1000);
    expect(await s3.inside.list('backups', 'many/')).toMatchObject([{ key: names[0], bytes: 1 }]);
  });
});

describe('what goes wrong', () => {
  it('expires a key in the middle, and takes nothing new when the bucket is full', async () => {
    const client = connect();
    s3.faults.add({ kind: 'key-expired', match: 'PUT /backups/f/', after: 1, times: 1 });
    await put(client, 'f/1');
    await expect(put(client, 'f/2')).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    await put(client, 'f/3');
    s3.faults.add({ kind: 'bucket-full' });
    await expect(put(client, 'f/4')).rejects.toMatchObject({ name: 'XMinioAdminBucketQuotaExceeded' });
    await expect(list(client)).resolves.toMatchObject({ IsTruncated: false });
  });

  it('cuts before and after the effect, and answers by half', async () => {
    const client = connect();
    s3.faults.add({ kind: 'cut-before', match: 'PUT /backups/c/1' });
    s3.faults.add({ kind: 'cut-after', match: 'PUT /backups/c/2' });
    await expect(put(client, 'c/1')).rejects.toThrow();
    await expect(put(client, 'c/2')).rejects.toThrow();
    expect((await s3.inside.list('backups', 'c/')).map(({ key }) => key)).toEqual(['c/2']);
    await s3.inside.put('backups', 'c/half', '0123456789');
    s3.faults.add({ kind: 'half-answer', match: 'GET /backups/c/half' });
    const got = await client.send(new GetObjectCommand({ Bucket: 'backups', Key: 'c/half' }));
    await expect(got.Body?.transformToString()).rejects.toThrow();
  });

  it('damages objects by hand', async () => {
    await s3.inside.put('backups', 'd/1', 'abcdef');
    await s3.inside.truncate('backups', 'd/1', 3);
    expect((await s3.inside.read('backups', 'd/1')).toString()).toBe('abc');
    await s3.inside.flip('backups', 'd/1');
    expect((await s3.inside.read('backups', 'd/1')).toString('latin1')).toBe('\x9ebc');
    await s3.inside.remove('backups', 'd/1');
    expect(await s3.inside.list('backups', 'd/')).toEqual([]);
  });

  it('is away while it is unplugged, and comes back with all it had', async () => {
    await s3.inside.put('backups', 'u', 'x');
    await s3.unplug();
    await expect(list(connect())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await s3.plug();
    const got = await connect().send(new GetObjectCommand({ Bucket: 'backups', Key: 'u' }));
    expect(await got.Body?.transformToString()).toBe('x');
  });
});
