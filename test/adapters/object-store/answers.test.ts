import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { explainStoreFailure } from '../../../src/adapters/object-store/explain.ts';
import { openS3Store } from '../../../src/adapters/object-store/s3.ts';

/*
 * Answers that the store of the tests does not give, as AWS, MinIO and others document them; and answers of what is no store at all.
 */

type Answer = { status: number; headers?: Record<string, string>; body?: string };

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A store that answers a list of `__repo_info` with nothing, and everything else as told. */
async function storeThatAnswers(answer: (method: string, url: string) => Answer, { pathStyle = true } = {}) {
  const seen: string[] = [];
  server = createServer((request, response) => {
    request.resume();
    const { method = '', url = '' } = request;
    seen.push(`${method} ${url}`);
    const { status, headers, body } = url.includes('__repo_info')
      ? { status: 200, ...listing([]) }
      : answer(method, decodeURIComponent(url));
    response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body);
  });
  const port = await new Promise<number>((resolve) => {
    server?.listen(0, '127.0.0.1', () => {
      const address = server?.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  const store = openS3Store({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    pathStyle,
    bucket: 'backups',
    roots: ['__palo_repository_r/', '__starrocks_repository_r/'],
    accessKey: 'AKIATEST',
    secretKey: 'very-secret-text',
  });
  return { store, seen };
}

const root = '__starrocks_repository_r/';
const refusal = (code: string, more = '') => `<Error><Code>${code}</Code><Message>m</Message>${more}</Error>`;
const listing = (keys: readonly string[], more = '') => ({
  body: `<ListBucketResult><Name>backups</Name>${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')}${more}</ListBucketResult>`,
});

async function keysOf(objects: AsyncIterable<{ key: string }>) {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys;
}

describe('an answer of a store', () => {
  it.each<[string, Answer, string, string]>([
    [
      'AWS: another region',
      { status: 301, headers: { 'x-amz-bucket-region': 'eu-west-3' }, body: refusal('PermanentRedirect') },
      'OBJECT_STORE_REGION_WRONG',
      'eu-west-3',
    ],
    [
      'AWS: a region that is signed for wrongly',
      { status: 400, body: refusal('AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>') },
      'OBJECT_STORE_REGION_WRONG',
      'eu-west-3',
    ],
    [
      'AWS: a malformed header',
      { status: 400, body: refusal('AuthorizationHeaderMalformed') },
      'OBJECT_STORE_KEY_REFUSED',
      'key',
    ],
    [
      'AWS: a token that ran out',
      { status: 400, body: refusal('ExpiredToken') },
      'OBJECT_STORE_KEY_REFUSED',
      'expired',
    ],
    [
      'AWS: the clock',
      { status: 403, body: refusal('RequestTimeTooSkewed', '<ServerTime>2026-01-01T00:00:00Z</ServerTime>') },
      'OBJECT_STORE_CLOCK_SKEW',
      'clock',
    ],
    [
      'AWS: all access is disabled',
      { status: 403, body: refusal('AllAccessDisabled') },
      'OBJECT_STORE_RIGHT_MISSING',
      's3:ListBucket',
    ],
    [
      'OSS: path style',
      { status: 403, body: refusal('SecondLevelDomainForbidden') },
      'OBJECT_STORE_ADDRESS_STYLE_WRONG',
      'off',
    ],
    ['MinIO: no space', { status: 507, body: refusal('XMinioStorageFull') }, 'OBJECT_STORE_NO_ROOM', 'quota'],
    ['Ceph: the quota', { status: 403, body: refusal('QuotaExceeded') }, 'OBJECT_STORE_NO_ROOM', 'quota'],
    [
      'a page of a console',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Hello</body></html>' },
      'OBJECT_STORE_NOT_S3',
      'console',
    ],
    [
      'a page that is none',
      { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not found</h1>' },
      'OBJECT_STORE_NOT_S3',
      'console',
    ],
    [
      'a JSON API',
      { status: 401, headers: { 'content-type': 'application/json' }, body: '{"error":"no"}' },
      'OBJECT_STORE_NOT_S3',
      'console',
    ],
    ['something else', { status: 400, body: refusal('InvalidRequest') }, 'OBJECT_STORE_FAILED', 'log'],
  ])('%s', async (_what, answer, code, word) => {
    const { store } = await storeThatAnswers(() => answer);
    await expect(keysOf(store.list(''))).rejects.toMatchObject({ code, hint: expect.stringContaining(word) });
  });

  it('that is the list of all buckets says that the bucket belongs into the path', async () => {
    const body = '<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket></Buckets></ListAllMyBucketsResult>';
    const { store } = await storeThatAnswers(() => ({ status: 200, body }), { pathStyle: false });
    await expect(keysOf(store.list(''))).rejects.toMatchObject({ code: 'OBJECT_STORE_ADDRESS_STYLE_WRONG' });
  });

  it('of a name server that does not know the bucket in front of the host says so too', () => {
    const failure = {
      action: 'list' as const,
      endpoint: 'https://s3.example.org',
      bucket: 'backups',
      region: 'r',
      redact: String,
      now: new Date(),
    };
    const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND backups.s3.example.org'), { code: 'ENOTFOUND' });
    expect(explainStoreFailure(unknown, { ...failure, pathStyle: false }).code).toBe(
      'OBJECT_STORE_ADDRESS_STYLE_WRONG',
    );
    const host = Object.assign(new Error('getaddrinfo ENOTFOUND s3.example.org'), { code: 'ENOTFOUND' });
    expect(explainStoreFailure(host, { ...failure, pathStyle: true }).code).toBe('OBJECT_STORE_UNREACHABLE');
  });

  it('that lists what lies elsewhere, or in no order over several pages, or goes round in a circle is not believed', async () => {
    const elsewhere = await storeThatAnswers(() => ({ status: 200, ...listing(['other/x']) }));
    await expect(keysOf(elsewhere.store.list(''))).rejects.toMatchObject({ code: 'OBJECT_STORE_BROKE_OFF' });
    const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>';
    const unordered = await storeThatAnswers(() => ({ status: 200, ...listing([`${root}b`, `${root}a`], more) }));
    await expect(keysOf(unordered.store.list(''))).rejects.toMatchObject({ code: 'OBJECT_STORE_BROKE_OFF' });
    const circle = await storeThatAnswers(() => ({ status: 200, ...listing([], more) }));
    await expect(keysOf(circle.store.list(''))).rejects.toMatchObject({ code: 'OBJECT_STORE_BROKE_OFF' });
    const endless = await storeThatAnswers(() => ({
      status: 200,
      ...listing([`${root}a`], '<IsTruncated>true</IsTruncated>'),
    }));
    await expect(keysOf(endless.store.list(''))).rejects.toMatchObject({ code: 'OBJECT_STORE_BROKE_OFF' });
  });

  it('that removes some objects and not all of them is an error that says which right is missing', async () => {
    const { store } = await storeThatAnswers(() => ({
      status: 200,
      body: `<DeleteResult><Deleted><Key>${root}__ss_a/x</Key></Deleted><Error><Key>${root}__ss_a/y</Key><Code>AccessDenied</Code><Message>object is locked</Message></Error></DeleteResult>`,
    }));
    await expect(store.removeOfSnapshot('a', ['__ss_a/x', '__ss_a/y'])).rejects.toMatchObject({
      code: 'OBJECT_STORE_RIGHT_MISSING',
      message: expect.stringContaining('object is locked (1 of 2 objects)'),
    });
  });

  it('that says nothing of one of the objects does not count as its removal', async () => {
    const { store } = await storeThatAnswers(() => ({
      status: 200,
      body: `<DeleteResult><Deleted><Key>${root}__ss_a/x</Key></Deleted></DeleteResult>`,
    }));
    await expect(store.removeOfSnapshot('a', ['__ss_a/x', '__ss_a/y'])).rejects.toMatchObject({
      code: 'OBJECT_STORE_BROKE_OFF',
    });
  });

  it('that many objects cannot be removed at once makes it ask for each', async () => {
    const { store, seen } = await storeThatAnswers((method) =>
      method === 'POST' ? { status: 501, body: refusal('NotImplemented') } : { status: 204 },
    );
    expect(await store.removeOfSnapshot('a', ['__ss_a/x', '__ss_a/y'])).toEqual({ removed: 2, versionsKept: 0 });
    expect(seen.filter((line) => line.startsWith('DELETE'))).toHaveLength(2);
  });
});
