import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BackupWorld, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import { untilValue } from './helpers/cluster.ts';

let world: BackupWorld;
beforeAll(async () => {
  world = await startBackupWorld({ version: '3.2.4' });
});
afterAll(() => world?.stop());

it('writes the older manifest up to 3.3: one id for a partition, and the files of each tablet', async () => {
  expect(await world.backUp('shop', 'older')).toMatchObject({ State: 'FINISHED' });
  const objects = await world.objects();
  const info = objects.find(({ key }) => key.includes('/__info_'))?.key ?? '';
  const manifest = JSON.parse((await world.s3.inside.read(repository.bucket, info)).toString());
  const { id, subPartitions, indexes } = manifest.backup_objects.users.partitions.users;
  expect(subPartitions).toBeUndefined();
  expect(objects.some(({ key }) => key.includes(`/__part_${id}/`))).toBe(true);
  expect(Object.values(indexes.users.tablets)).toEqual([
    [expect.stringMatching(/^tablet\.hdr\.[0-9a-f]{32}$/), expect.stringMatching(/^2\.dat\.[0-9a-f]{32}$/)],
  ]);
});

it('restores what it wrote, and knows nothing of the clauses of 3.4', async () => {
  const [shown] = await world.sql.query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "older"');
  await world.sql.query(
    `RESTORE SNAPSHOT shop.older FROM vault ON (users AS again) PROPERTIES ("backup_timestamp" = "${shown?.Timestamp}", "replication_num" = "1")`,
  );
  const ended = await untilValue(async () => {
    const [row] = await world.sql.query('SHOW RESTORE FROM shop');
    return row?.FinishedTime == null ? null : row;
  }, 'restored');
  expect(ended).toMatchObject({ State: 'FINISHED' });
  expect(await world.sql.query('SELECT name FROM shop.again ORDER BY id')).toEqual([{ name: 'ann' }, { name: 'bob' }]);
  for (const text of [
    'BACKUP DATABASE shop SNAPSHOT s TO vault',
    'BACKUP SNAPSHOT shop.s TO vault ON (TABLE users)',
    'BACKUP ALL EXTERNAL CATALOGS SNAPSHOT s TO vault',
    'CANCEL BACKUP FOR EXTERNAL CATALOG',
    'DROP SNAPSHOT older ON vault',
  ])
    expect((await world.sql.failure(text)).message).toContain('Getting syntax error');
});
