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
    expect(await store.removeOfSnapshot('a', ['__ss_a/one', '__ss_a/never'])).toBe(2);
    await store.put('marker', bytes(''));
    expect(await text(store.read('marker'))).toBe('');
    await store.remove('marker');
    expect(await s3.inside.list('backups')).toEqual([]);
  });
});
