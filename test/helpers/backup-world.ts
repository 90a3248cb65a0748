import { type S3Server, startS3 } from '../../sandbox/s3/start-s3.ts';
import type { Client, Row } from '../sandbox/starrocks/helpers/client.ts';
import { startCluster, type TestCluster, untilValue } from '../sandbox/starrocks/helpers/cluster.ts';

/** The name, the bucket and the place of the one repository. */
export const repository = { name: 'vault', bucket: 'backups', location: 's3://backups/prod' };

/** One small cluster of the stand-in, an S3 server of another maker, and a repository in it that both reach. */
export type BackupWorld = {
  readonly cluster: TestCluster;
  readonly s3: S3Server;
  /** As root, at the first frontend. */
  readonly sql: Client;
  /** The PROPERTIES of the repository, keys included. */
  readonly properties: Readonly<Record<string, string>>;
  /** Where the objects of the repository begin in its bucket, without a slash at the end. */
  readonly root: string;
  /** CREATE REPOSITORY for that store. */
  createRepository(name?: string, location?: string): Promise<void>;
  /** Takes a backup of a whole database, or of what ON says, and returns its row of SHOW BACKUP when it has ended. */
  backUp(database: string, snapshot: string, on?: string): Promise<Row>;
  /** The row of SHOW BACKUP of this snapshot, waited for until it is as asked. */
  job(database: string, snapshot: string, isSo: (row: Row) => boolean): Promise<Row>;
  /** The keys below the repository, with their sizes. */
  objects(prefix?: string): ReturnType<S3Server['inside']['list']>;
  stop(): Promise<void>;
};

type Options = NonNullable<Parameters<typeof startCluster>[0]>;

/** Starts it at a speed at which a small backup takes well under a second; `vault` is there, and the database `shop` with two tables. */
export async function startBackupWorld(options: Options = {}): Promise<BackupWorld> {
  await using undo = new AsyncDisposableStack();
  const s3 = await startS3({ buckets: [repository.bucket] });
  undo.defer(() => s3.stop());
  const cluster = await startCluster({ version: '3.5.0', backends: 1, speed: 500, ...options });
  undo.defer(() => cluster.stop());
  const sql = await cluster.connect();
  const properties = propertiesOf(s3);
  const root = `prod/__starrocks_repository_${repository.name}`;
  const job: BackupWorld['job'] = (database, snapshot, isSo) =>
    untilValue(async () => {
      const rows = await sql.query(`SHOW BACKUP FROM ${database}`);
      const row = rows.find(({ SnapshotName }) => SnapshotName === snapshot);
      return row !== undefined && isSo(row) ? row : null;
    }, `the backup ${snapshot}`);
  const world: BackupWorld = {
    cluster,
    s3,
    sql,
    properties,
    root,
    createRepository: async (name = repository.name, location = repository.location) => {
      await sql.query(createRepositoryText({ name, location, properties }));
    },
    backUp: async (database, snapshot, on = '') => {
      await sql.query(`BACKUP SNAPSHOT ${database}.${snapshot} TO ${repository.name} ${on}`);
      return job(database, snapshot, ({ FinishedTime }) => FinishedTime !== null);
    },
    job,
    objects: (prefix = root) => s3.inside.list(repository.bucket, prefix),
    stop: () => ending.disposeAsync(),
  };
  await world.createRepository();
  await fill(sql, options.backends ?? 1);
  const ending = undo.move();
  return world;
}

/** What CREATE REPOSITORY needs to reach the server with the rights of its first user. */
export function propertiesOf({ endpoint, region, user }: S3Server): Record<string, string> {
  return {
    'aws.s3.endpoint': endpoint,
    'aws.s3.region': region,
    'aws.s3.access_key': user.accessKey,
    'aws.s3.secret_key': user.secretKey,
    'aws.s3.enable_path_style_access': 'true',
  };
}

type Described = { name: string; location: string; properties: Readonly<Record<string, string>> };

export function createRepositoryText({ name, location, properties }: Described): string {
  const pairs = Object.entries(properties).map(([key, value]) => `"${key}" = "${value}"`);
  return `CREATE REPOSITORY ${name} WITH BROKER ON LOCATION "${location}" PROPERTIES (${pairs.join(', ')})`;
}

/** `orders` is partitioned by month, with rows in two of its three partitions; `users` has a primary key and one partition. */
async function fill(sql: Client, backends: number): Promise<void> {
  const properties = `PROPERTIES ("replication_num" = "${Math.min(backends, 3)}")`;
  await sql.query('CREATE DATABASE shop');
  await sql.query(`CREATE TABLE shop.orders (id BIGINT NOT NULL, day DATE NOT NULL, city VARCHAR(20))
    DUPLICATE KEY(id) PARTITION BY RANGE(day) (PARTITION p202501 VALUES LESS THAN ("2025-02-01"),
    PARTITION p202502 VALUES LESS THAN ("2025-03-01"), PARTITION p202503 VALUES LESS THAN ("2025-04-01"))
    DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties}`);
  await sql.query(`CREATE TABLE shop.users (id INT, name VARCHAR(10)) PRIMARY KEY(id)
    DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties}`);
  await sql.query("INSERT INTO shop.orders VALUES (1, '2025-01-05', 'Bern'), (2, '2025-02-05', 'Rome')");
  await sql.query("INSERT INTO shop.users VALUES (1, 'ann'), (2, 'bob')");
}
