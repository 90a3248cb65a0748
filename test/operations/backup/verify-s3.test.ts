import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openStore } from '../../../src/adapters/object-store/open-store.ts';
import type { ObjectReader } from '../../../src/adapters/object-store/port.ts';
import { checkObjects, type ObjectsToCheck } from '../../../src/operations/backup/verify/check-objects.ts';
import { verdictOf } from '../../../src/operations/backup/verify/verdict.ts';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';

let world: BackupWorld;
let taken = 0;
let snapshot: string;
let what: ObjectsToCheck;

beforeAll(async () => {
  world = await startBackupWorld();
});
afterAll(() => world?.stop());

beforeEach(async () => {
  taken += 1;
  snapshot = `shop_${taken}`;
  expect(await world.backUp('shop', snapshot)).toMatchObject({ State: 'FINISHED' });
  const [row] = await world.sql.query(`SHOW SNAPSHOT ON ${repository.name} WHERE SNAPSHOT = '${snapshot}'`);
  what = { snapshot, timestamp: String(row?.Timestamp), readAtMostBytes: 1e9, remembered: null };
});

async function reader(key = world.s3.user): Promise<ObjectReader> {
  const { endpoint, region } = world.s3;
  const access = { endpoint, region, pathStyle: true, accessKeyRef: key.accessKey, secretKeyRef: key.secretKey };
  return openStore({ name: repository.name, location: repository.location, access }, async (ref) => ref);
}

async function look(extra: Partial<ObjectsToCheck> = {}) {
  const watching = { signal: AbortSignal.timeout(20_000), now: () => new Date(), log: () => undefined };
  const found = await checkObjects(await reader(), { ...what, ...extra }, watching);
  return { ...verdictOf(found), found };
}

/** The keys of headers and of data files that hold rows, of this snapshot, in the bucket. */
async function contentKeys(): Promise<readonly string[]> {
  const held = await world.objects(`${world.root}/__ss_${snapshot}/__ss_content/`);
  return held.filter(({ bytes }) => bytes > 10).map(({ key }) => key);
}

const remember = async () => ({ at: new Date(), sums: (await look()).found.sums });
const { bucket } = repository;

it('finds a backup whole that StarRocks has just made, and reads none of its content', async () => {
  const { passed, found } = await look();
  expect(passed).toBe(true);
  expect(found).toMatchObject({ namesFiles: false, extras: 0, read: { objects: 0 } });
  expect(found.objects).toBe((await world.objects(`${world.root}/__ss_${snapshot}/`)).length);
  expect(found.sums.size).toBe(4);
});

it('finds an object that went away since, with its table and partition', async () => {
  const remembered = await remember();
  const key = (await contentKeys()).find((each) => each.includes('.dat'));
  await world.s3.inside.remove(bucket, key ?? '');
  const { passed, message } = await look({ remembered });
  expect(passed).toBe(false);
  expect(message).toMatch(/not whole: (orders, partition p20250\d|users): \d+ objects? of together/);
});

it('finds one that was cut short, and one in which a byte is another', async () => {
  const remembered = await remember();
  for (const damage of ['truncate', 'flip'] as const) {
    const key = (await contentKeys()).find((each) => each.includes('.dat')) ?? '';
    const content = await world.s3.inside.read(bucket, key);
    if (damage === 'truncate') await world.s3.inside.truncate(bucket, key, 1);
    else await world.s3.inside.flip(bucket, key);
    expect((await look({ remembered })).message).toMatch(/has another content than its name says/);
    await world.s3.inside.put(bucket, key, content);
  }
  expect((await look({ remembered })).passed).toBe(true);
});

it('is broken without its manifest, and with one that was changed', async () => {
  const held = await world.objects(`${world.root}/__ss_${snapshot}/__info_`);
  const key = held[0]?.key ?? '';
  await world.s3.inside.flip(bucket, key);
  await expect(look()).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await world.s3.inside.remove(bucket, key);
  await expect(look()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('says nothing of the backup when the key is refused', async () => {
  const stranger = await reader({ accessKey: 'nobody', secretKey: 'nothing' });
  const watching = { signal: AbortSignal.timeout(20_000), now: () => new Date(), log: () => undefined };
  await expect(checkObjects(stranger, what, watching)).rejects.toMatchObject({
    code: expect.stringMatching(/^OBJECT_STORE_/),
  });
});
