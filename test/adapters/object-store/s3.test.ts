import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type S3Server, startS3 } from '../../../sandbox/s3/start-s3.ts';
import { openStore } from '../../../src/adapters/object-store/open-store.ts';
import type { StoredObject } from '../../../src/adapters/object-store/port.ts';
import type { S3Access } from '../../../src/domain/backup/repository.ts';

let s3: S3Server;

beforeAll(async () => {
  s3 = await startS3({ region: 'eu-west-1' });
});
afterAll(() => s3.stop());
beforeEach(async () => {
  s3.faults.clear();
  s3.shiftClock(0);
  for (const { key } of await s3.inside.list('backups')) await s3.inside.remove('backups', key);
});

const bytes = (text: string) => new TextEncoder().encode(text);
const root = 'team/__starrocks_repository_nightly/';

function open(
  change: Partial<S3Access & { location: string; secrets: Record<string, string> }> = {},
  guard?: () => void,
) {
  const secrets: Record<string, string> = {
    'secret:key': s3.user.accessKey,
    'secret:secret': s3.user.secretKey,
    ...change.secrets,
  };
  const access: S3Access = {
    endpoint: s3.endpoint,
    region: 'eu-west-1',
    pathStyle: true,
    accessKeyRef: 'secret:key',
    secretKeyRef: 'secret:secret',
    ...change,
  };
  const place = { name: 'nightly', location: change.location ?? 's3://backups/team', access };
  return openStore(place, async (ref) => secrets[ref] ?? '', guard);
}

async function all(objects: AsyncIterable<StoredObject>): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found).toString();
}

describe('the objects of a repository', () => {
  it('are put, listed, looked at, read and removed under its root', async () => {
    const store = await open();
    await store.put('__ss_a/one', bytes('content'));
    expect((await s3.inside.list('backups')).map(({ key }) => key)).toEqual([`${root}__ss_a/one`]);
    expect(await all(store.list('__ss_a/'))).toMatchObject([{ key: '__ss_a/one', size: 7 }]);
    expect(await store.head('__ss_a/one')).toMatchObject({ key: '__ss_a/one', size: 7 });
    expect(await store.head('__ss_a/on')).toBeNull();
    expect(await text(store.read('__ss_a/one'))).toBe('content');
    expect(await store.removeOfSnapshot('a', ['__ss_a/one', '__ss_a/never'])).toEqual({ removed: 2, versionsKept: 0 });
    await store.put('marker', bytes(''));
    expect(await text(store.read('marker'))).toBe('');
    await store.remove('marker');
    expect(await s3.inside.list('backups')).toEqual([]);
  });

  it('are found in the root of an old StarRocks when the repository is there', async () => {
    await s3.inside.put('backups', 'team/__palo_repository_nightly/__repo_info', '{}');
    const store = await open();
    await store.put('marker', bytes('x'));
    expect((await s3.inside.list('backups')).map(({ key }) => key)).toContain('team/__palo_repository_nightly/marker');
  });

  it('are listed page by page, each once and in order, with those of other repositories left out', async () => {
    const names = Array.from({ length: 1_005 }, (_, index) => `__ss_many/${String(index).padStart(5, '0')}`);
    for (const name of names) await s3.inside.put('backups', root + name, '');
    await s3.inside.put('backups', 'team/__starrocks_repository_nightly2/__ss_many/x', '');
    const store = await open();
    expect((await all(store.list(''))).map(({ key }) => key)).toEqual(names);
    expect(await store.removeOfSnapshot('many', names)).toMatchObject({ removed: names.length });
    expect((await s3.inside.list('backups')).map(({ key }) => key)).toEqual([
      'team/__starrocks_repository_nightly2/__ss_many/x',
    ]);
  });

  it('keep whatever name somebody gave them', async () => {
    const hostile = ['__ss_../up/x', '__ss_a*/x', "__ss_a'b/x", '__ss_a+b c/x', '__ss_%2e%2e/x', '__ss_é&<>"/x'];
    for (const key of hostile) await s3.inside.put('backups', root + key, '');
    expect((await all((await open()).list(''))).map(({ key }) => key).sort()).toEqual(hostile.toSorted());
  });

  it.each([
    '',
    '/x',
    '../x',
    'a/../../x',
    'a//x',
    './x',
    'a\0b',
    'a\nb',
    '..',
    'a\\..\\b',
    'x'.repeat(1_025),
    '\ud800',
  ])('cannot be left by the key %j', async (key) => {
    const store = await open();
    const before = s3.requests.length;
    await expect(store.put(key, bytes('x'))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(store.head(key)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(text(store.read(key))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(store.remove(key)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    if (key !== '') await expect(all(store.list(key))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(s3.requests.length).toBe(before);
  });

  it.each([
    ['a', ['__ss_a/x', '__ss_b/x']],
    ['a', ['__ss_ab/x']],
    ['a', ['__ss_a/../__ss_b/x']],
    ['a', ['__repo_info']],
    ['', ['__ss_/x']],
    ['../up', ['__ss_../up/x']],
    ['a/b', ['__ss_a/b/x']],
    ['a*', ['__ss_a*/x']],
  ])('of the snapshot %j are the only ones removed, which %j are not', async (snapshot, keys) => {
    const store = await open();
    const before = s3.requests.length;
    await expect(store.removeOfSnapshot(snapshot, keys)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(s3.requests.length).toBe(before);
  });

  it('are changed only while the guard lets it, also between two requests', async () => {
    let left = 1;
    const guard = () => {
      left -= 1;
      if (left < 0) throw new Error('the lease is gone');
    };
    const store = await open({}, guard);
    const before = s3.requests.length;
    await store.put('one', bytes(''));
    await expect(store.put('two', bytes(''))).rejects.toThrow('the lease is gone');
    await expect(store.remove('one')).rejects.toThrow('the lease is gone');
    await expect(store.removeOfSnapshot('a', ['__ss_a/x'])).rejects.toThrow('the lease is gone');
    const sent = s3.requests.slice(before).filter(({ method }) => method !== 'GET');
    expect(sent.map(({ method }) => method)).toEqual(['PUT']);
  });
});

describe('a store that cannot be used', () => {
  it.each([
    ['a region that is another', { region: 'eu-central-1' }, 'OBJECT_STORE_REGION_WRONG', 'eu-west-1'],
    ['an unknown access key', { secrets: { 'secret:key': 'NOBODY' } }, 'OBJECT_STORE_KEY_REFUSED', 'NoSuch|Invalid'],
    ['a wrong secret key', { secrets: { 'secret:secret': 'wrong-9f2' } }, 'OBJECT_STORE_KEY_REFUSED', 'secret key'],
    ['a bucket that is not there', { location: 's3://nowhere/x' }, 'OBJECT_STORE_BUCKET_MISSING', 'nowhere'],
    ['a port where nobody listens', { endpoint: 'http://127.0.0.1:1' }, 'OBJECT_STORE_UNREACHABLE', 'ECONNREFUSED'],
    ['a name that nobody has', { endpoint: 'http://no-such-host.invalid' }, 'OBJECT_STORE_UNREACHABLE', 'no-such-host'],
    ['a place without S3', { location: 'hdfs://namenode:8020/x' }, 'OBJECT_STORE_NO_ACCESS', 'S3'],
    [
      'a store whose endpoint is not known',
      { location: 'oss://bucket/x', endpoint: null },
      'OBJECT_STORE_NO_ACCESS',
      'endpoint',
    ],
  ])('because of %s is told so', async (_what, change, code, word) => {
    const error = await open(change)
      .then((store) => all(store.list('', { timeoutMs: 5_000 })))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/./) });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).toMatch(new RegExp(word));
  });

  it('because of TLS is told so', async () => {
    const store = await open({ endpoint: s3.endpoint.replace('http:', 'https:') });
    const error = await all(store.list('')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'OBJECT_STORE_UNREACHABLE', retryable: false });
    expect(error).toMatchObject({ hint: expect.stringContaining('certificate') });
  });

  it('because of the clock is told both times, and no other clock is taken on in silence', async () => {
    s3.shiftClock(3_600_000);
    const error = await all((await open()).list('')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'OBJECT_STORE_CLOCK_SKEW',
      message: expect.stringMatching(/here, and .* there/),
    });
  });

  it.each([
    ['list', 's3:ListBucket', '^GET /backups/?$'],
    ['put', 's3:PutObject', '^PUT '],
    ['read', 's3:GetObject', '^GET /backups/.+'],
    ['remove', 's3:DeleteObject', '^DELETE '],
    ['removeOfSnapshot', 's3:DeleteObject', '^POST '],
  ])('to %s is told the right that is missing', async (action, right, match) => {
    const store = await open();
    await store.put('__ss_a/x', bytes('content'));
    s3.faults.add({ kind: 'access-denied', match });
    const fresh = await open();
    const tries: Readonly<Record<string, () => Promise<unknown>>> = {
      list: () => all(fresh.list('')),
      put: () => store.put('y', bytes('')),
      read: () => text(store.read('__ss_a/x')),
      remove: () => store.remove('__ss_a/x'),
      removeOfSnapshot: () => store.removeOfSnapshot('a', ['__ss_a/x']),
    };
    const error = await tries[action]?.().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'OBJECT_STORE_RIGHT_MISSING', hint: expect.stringContaining(right) });
  });

  it('because the key ran out in the middle, or because it is full, is told so', async () => {
    const store = await open();
    await store.put('x', bytes(''));
    s3.faults.add({ kind: 'bucket-full' });
    await expect(store.put('y', bytes('y'))).rejects.toMatchObject({ code: 'OBJECT_STORE_NO_ROOM' });
    s3.faults.clear();
    s3.faults.add({ kind: 'key-expired' });
    await expect(store.head('x')).rejects.toMatchObject({ code: 'OBJECT_STORE_KEY_REFUSED' });
  });

  it('is asked again when that may help, and three times at most', async () => {
    const store = await open();
    await store.put('x', bytes('x'));
    for (const kind of ['slow-down', 'internal-error', 'cut-before', 'cut-after'] as const) {
      s3.faults.clear();
      s3.faults.add({ kind, times: 2 });
      expect(await store.head('x')).toMatchObject({ size: 1 });
    }
    s3.faults.clear();
    s3.faults.add({ kind: 'slow-down' });
    const before = s3.requests.length;
    await expect(store.head('x')).rejects.toMatchObject({ code: 'OBJECT_STORE_BUSY', retryable: true });
    expect(s3.requests.length - before).toBe(3);
  });

  it('because it says nothing is given up in time, or when nobody wants to know any more', async () => {
    const store = await open();
    await store.put('x', bytes('x'));
    s3.faults.add({ kind: 'silent' });
    await expect(store.head('x', { timeoutMs: 400 })).rejects.toMatchObject({ code: 'OBJECT_STORE_UNREACHABLE' });
    const stop = new AbortController();
    const waiting = store.head('x', { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELED' });
  });

  it('because a content breaks off in the middle is told so, and is no shorter content', async () => {
    const store = await open();
    await store.put('x', new Uint8Array(300_000));
    s3.faults.add({ kind: 'half-answer' });
    await expect(text(store.read('x'))).rejects.toMatchObject({ code: 'OBJECT_STORE_BROKE_OFF' });
    s3.faults.clear();
    await expect(text(store.read('never'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('says nothing of its keys in any error', async () => {
    const secrets = { 'secret:key': 'NOBODY-KNOWS-IT', 'secret:secret': 'wrong-secret-77' };
    const said: string[] = [];
    for (const change of [{ secrets }, { secrets: { 'secret:secret': 'wrong-secret-77' } }]) {
      const error = await all((await open(change)).list('')).catch((caught: unknown) => caught);
      said.push(inspect(error, { depth: 10, showHidden: true }));
    }
    expect(said.join()).not.toMatch(/NOBODY-KNOWS-IT|wrong-secret-77/);
    expect(said.join()).toMatch(/OBJECT_STORE_KEY_REFUSED/);
  });
});
