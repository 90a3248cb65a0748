import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';

let world: BackupWorld;
beforeAll(async () => {
  world = await startBackupWorld({ version: '4.2.0' });
});
afterAll(() => world?.stop());

it('drops a snapshot of this cluster with all its objects, and nothing else', async () => {
  await world.backUp('shop', 'one');
  await world.backUp('shop', 'one_more');
  const others = (await world.objects()).filter(({ key }) => !key.includes('/__ss_one/'));
  await world.sql.query('DROP SNAPSHOT one ON vault');
  expect(await world.objects()).toEqual(others);
  expect(await world.sql.query('SHOW SNAPSHOT ON vault')).toMatchObject([{ Snapshot: 'one_more', Status: 'OK' }]);
  expect((await world.sql.failure('DROP SNAPSHOT one ON vault')).message).toContain('does not exist');
});

it('refuses the snapshot of another cluster, unless it is told to', async () => {
  await world.backUp('shop', 'foreign');
  const key = (await world.objects()).find((one) => one.key.includes('/__ss_foreign/__info_'))?.key ?? '';
  const info = JSON.parse((await world.s3.inside.read(repository.bucket, key)).toString());
  const { createHash } = await import('node:crypto');
  const text = JSON.stringify({ ...info, cluster_id: '1' });
  await world.s3.inside.remove(repository.bucket, key);
  const name = key.replace(/[0-9a-f]{32}$/, createHash('md5').update(text).digest('hex'));
  await world.s3.inside.put(repository.bucket, name, text);
  expect((await world.sql.failure('DROP SNAPSHOT foreign ON vault')).message).toContain('another cluster');
  await world.sql.query('DROP SNAPSHOT foreign ON vault FORCE');
  expect((await world.objects()).filter((one) => one.key.includes('__ss_foreign'))).toEqual([]);
});

it('drops nothing that a job still writes', async () => {
  world.cluster.setFaults([{ id: 'slow', kind: 'upload-delay', ms: 3_600_000 }]);
  await world.sql.query('BACKUP SNAPSHOT shop.busy TO vault ON (users)');
  await world.job('shop', 'busy', ({ State }) => State === 'UPLOADING');
  expect((await world.sql.failure('DROP SNAPSHOT busy ON vault FORCE')).message).toContain('is running');
  world.cluster.setFaults([]);
  await world.sql.query('CANCEL BACKUP FROM shop');
});
