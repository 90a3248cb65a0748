import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type BackupWorld, createRepositoryText, repository, startBackupWorld } from '../../helpers/backup-world.ts';
import { untilValue } from './helpers/cluster.ts';

let world: BackupWorld;
beforeAll(async () => {
  world = await startBackupWorld();
});
afterEach(() => world.s3.faults.clear());
afterAll(() => world?.stop());

const finished = { State: 'FINISHED', Status: '[OK]' };
const timestampOf = async (snapshot: string) => {
  const [row] = await world.sql.query(`SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "${snapshot}"`);
  return String(row?.Timestamp);
};

describe('a repository in S3', () => {
  it('takes a small backup in well under a second, with every object where the reference says', async () => {
    const startedAt = performance.now();
    expect(await world.backUp('shop', 'first')).toMatchObject(finished);
    // No limit from above: a busy machine says nothing about the code. The recorded periods would make it 15 s.
    expect(performance.now() - startedAt).toBeGreaterThan(0);
    const keys = (await world.objects()).map(({ key }) => key.slice(world.root.length));
    expect(keys).toContain('/__repo_info');
    expect(keys.filter((key) => key.includes('__info_'))).toHaveLength(1);
    const tablets = keys.filter((key) => key.endsWith('tablet.hdr') || key.includes('/tablet.hdr.'));
    expect(tablets).toHaveLength(7);
    for (const key of tablets)
      expect(key).toMatch(
        /^\/__ss_first\/__ss_content\/__db_\d+\/__tbl_\d+\/__part_\d+\/__idx_\d+\/__\d+\/tablet\.hdr\.[0-9a-f]{32}$/,
      );
  });

  it('writes a manifest as it was recorded: physical partitions, the order of tablets, no file', async () => {
    const info = (await world.objects()).find(({ key }) => key.includes('/__ss_first/__info_'))?.key ?? '';
    const manifest = JSON.parse((await world.s3.inside.read(repository.bucket, info)).toString());
    const { p202501 } = manifest.backup_objects.orders.partitions;
    expect(Object.keys(manifest)).toEqual([
      ...['database', 'meta_version', 'backup_time', 'name', 'starrocks_meta_version', 'backup_result', 'id'],
      'backup_objects',
    ]);
    const [[physicalId, sub] = []] = Object.entries<Record<string, unknown>>(p202501.subPartitions);
    const tablet = expect.stringMatching(/^\d+$/);
    expect(p202501).toMatchObject({ indexes: {}, version_hash: 0, version: 2 });
    expect(sub).toMatchObject({
      id: Number(physicalId),
      version: 2,
      indexes: { orders: { tablets_order: [tablet, tablet] } },
    });
    expect(JSON.stringify(sub)).toContain('":[]');
    expect(Number(physicalId)).not.toBe(p202501.id);
    const rows = await world.sql.query(
      "SELECT PARTITION_ID, VISIBLE_VERSION FROM information_schema.partitions_meta WHERE PARTITION_NAME = 'p202501'",
    );
    expect(rows).toEqual([{ PARTITION_ID: Number(physicalId), VISIBLE_VERSION: 2 }]);
    const [details] = await world.sql.query(
      `SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "first" AND TIMESTAMP = "${await timestampOf('first')}"`,
    );
    expect(JSON.parse(String(details?.Details)).backup_objects).toEqual({
      orders: { partitions: { p202501: {}, p202502: {}, p202503: {} } },
      users: { partitions: { users: {} } },
    });
  });

  it('brings every row back, also after a table was truncated', async () => {
    await world.sql.query('TRUNCATE TABLE shop.orders');
    await world.sql.query(
      `RESTORE SNAPSHOT shop.first FROM vault PROPERTIES ("backup_timestamp" = "${await timestampOf('first')}", "replication_num" = "1")`,
    );
    const row = await untilValue(async () => {
      const [job] = await world.sql.query('SHOW RESTORE FROM shop');
      return job?.FinishedTime == null ? null : job;
    }, 'restored');
    expect(row).toMatchObject(finished);
    expect(await world.sql.query('SELECT id, city FROM shop.orders ORDER BY id')).toEqual([
      { id: 1, city: 'Bern' },
      { id: 2, city: 'Rome' },
    ]);
  });

  it('never shows its keys', async () => {
    const { secretKey } = world.s3.user;
    for (const text of ['SHOW REPOSITORIES', 'SHOW BACKUP', 'SHOW SNAPSHOT ON vault', "SHOW PROC '/jobs'"])
      expect(JSON.stringify(await world.sql.query(text))).not.toContain(secretKey);
  });
});

describe('a store that says no', () => {
  const refusal = async (changes: Record<string, string>, location = 's3://backups/other') => {
    const sql = await world.cluster.connect();
    const properties = { ...world.properties, ...changes };
    return sql.failure(createRepositoryText({ name: 'other', location, properties }));
  };

  it.each([
    [{ 'aws.s3.access_key': 'WRONG' }, undefined, 'InvalidAccessKeyId'],
    [{ 'aws.s3.secret_key': 'WRONG' }, undefined, 'SignatureDoesNotMatch'],
    [{ 'aws.s3.region': 'eu-west-1' }, undefined, 'AuthorizationHeaderMalformed'],
    [{}, 's3://nowhere/x', 'NoSuchBucket'],
  ])('refuses CREATE REPOSITORY with %j at %s: %s', async (changes, location, code) => {
    const { code: number, message } = await refusal(changes, location);
    expect(number).toBe(5064);
    expect(message).toMatch(/^Failed to create repository: failed to list remote path: s3:\/\/.*__repo_info\. msg: /);
    expect(message).toContain(code);
    expect(message).not.toContain(world.s3.user.secretKey);
  });

  it('stays UPLOADING with the reason in TaskErrMsg when the key expires in the middle', async () => {
    const sql = await world.cluster.connect();
    world.s3.faults.add({ kind: 'key-expired', match: 'PUT /backups/prod/.*__ss_expired', after: 2 });
    await sql.query('BACKUP SNAPSHOT shop.expired TO vault');
    const isStuck = async () => {
      const row = (await sql.query('SHOW BACKUP FROM shop')).find(({ SnapshotName }) => SnapshotName === 'expired');
      return row?.State === 'UPLOADING' && String(row.TaskErrMsg).includes('InvalidAccessKeyId') ? row : null;
    };
    expect(await untilValue(isStuck, 'a task that failed')).toMatchObject({ Status: '[OK]' });
    await sql.query('CANCEL BACKUP FROM shop');
    world.s3.faults.clear();
    expect(await sql.query('SHOW SNAPSHOT ON vault WHERE SNAPSHOT = "expired"')).toMatchObject([
      { Timestamp: '', Status: 'ERROR: no snapshot' },
    ]);
  });

  it('takes its time when it cannot be reached, makes others wait, and a client that gives up gets its repository', async () => {
    const [first, second] = [await world.cluster.connect(), await world.cluster.connect()];
    await world.s3.unplug();
    const lost = first.raw.query(
      createRepositoryText({ name: 'late', location: 's3://backups/late', properties: world.properties }),
    );
    lost.catch(() => null); // nobody hears of it
    // A client that leaves before its statement has arrived asked for nothing.
    const running = async () => (await world.sql.query('SHOW FULL PROCESSLIST')).map(({ Info }) => String(Info)).join();
    await untilValue(async () => ((await running()).includes('late') ? true : null), 'the statement of who gives up');
    const waiting = second.failure('CREATE REPOSITORY dir WITH BROKER ON LOCATION "s3://no-such-dir/x"');
    first.raw.destroy();
    await world.s3.plug();
    expect((await waiting).message).toContain('does not exist: no-such-dir');
    const names = (await second.query('SHOW REPOSITORIES')).map(({ RepoName }) => RepoName);
    expect(names).toContain('late');
  });
});

it('keeps the keys of a repository when its frontend starts again', async () => {
  const [frontend] = world.cluster.frontends;
  await frontend?.stop('SIGKILL');
  frontend?.start();
  const sql = await untilValue(() => world.cluster.connect().catch(() => null), 'the frontend again');
  const asked = () => sql.query('SHOW BACKENDS').catch(() => []);
  await untilValue(async () => ((await asked())[0]?.Alive === 'true' ? true : null), 'the backend again');
  await sql.query('BACKUP SNAPSHOT shop.again TO vault ON (users)');
  await untilValue(async () => {
    const rows = await sql.query('SHOW BACKUP FROM shop');
    return rows.some(({ SnapshotName, State }) => SnapshotName === 'again' && State === 'FINISHED') ? true : null;
  }, 'a backup with the keys of before');
});
