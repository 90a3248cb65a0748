import { appendFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Breakage } from '../breakage.ts';
import type { Site, Undo } from '../site.ts';

/*
 * What the nodes of one cluster measure, broken on different subjects at the same time: nothing of it needs a node to be down.
 */

const oneTablet = 'DISTRIBUTED BY HASH (k) BUCKETS 1 PROPERTIES ("replication_num" = "1")';

/** A table of its own in a database of its own, so that no breakage is in the way of another. */
async function makeTable({ sql }: Site, database: string): Promise<string> {
  await sql(`CREATE DATABASE IF NOT EXISTS ${database}`);
  await sql(`CREATE TABLE ${database}.t (k INT, v INT) DUPLICATE KEY (k) ${oneTablet}`);
  return `${database}.t`;
}

async function makeRoutineLoad({ sql }: Site, name: string): Promise<void> {
  await sql('CREATE DATABASE IF NOT EXISTS streams');
  await sql(`CREATE TABLE streams.${name}_rows (k INT, v INT) DUPLICATE KEY (k) ${oneTablet}`);
  await sql(
    `CREATE ROUTINE LOAD streams.${name} ON ${name}_rows COLUMNS TERMINATED BY ",", COLUMNS(k, v)
      PROPERTIES ("max_error_number" = "1000000000")
      FROM KAFKA ("kafka_broker_list" = "127.0.0.1:1", "kafka_topic" = "${name}", "kafka_partitions" = "0,1")`,
  );
}

/** As many connections as a pool that never gives one back. */
async function holdConnections(site: Site, given: { node: string; count: number; user: string }): Promise<Undo> {
  const login = { user: given.user, password: 'of-the-pool' };
  const made = await Promise.all(Array.from({ length: given.count }, () => site.connect(given.node, login)));
  return async () => {
    for (const client of made) client.close();
  };
}

const makeUser = ({ sql }: Site, user: string) => sql(`CREATE USER '${user}'@'%' IDENTIFIED BY 'of-the-pool'`);
const diskOf = (site: Site, node: string) => ({ node: site.label(node), path: site.paths(node)[0] ?? '' });
const both = (...undos: readonly Undo[]): Undo => {
  return () => Promise.all(undos.map((undo) => undo()));
};

export const numbers = {
  query_p95_high: {
    broken: 'queries of real clients take 12 s more, which they do not wait for',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Queries are slow/ },
      words: /Query latency, 95 % is 12(\.\d)? s, over 10 s, since .*Queries: [\d.]+ per second/s,
    }),
    breaks: async (site) =>
      both(await site.fault({ kind: 'slow-queries', ms: 12_000 }), site.send('SELECT COUNT(*) FROM sales.orders')),
  },
  query_errors_high: {
    broken: 'every second query of real clients ends with an internal error of a backend',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Queries fail/ },
      words: /Failed queries is \d+(\.\d)? %, over 5 %, since .*Query errors: [\d.]+ per second/s,
    }),
    breaks: async (site) => {
      const rule = { kind: 'sql-error', match: 'FROM sales.order_items', code: 1064, sqlState: 'HY000' } as const;
      const message = 'Backend node not found. Check if any backend node is down.';
      return both(await site.fault({ ...rule, message }), site.send('SELECT COUNT(*) FROM sales.order_items'));
    },
  },
  connections_near_limit: {
    broken: 'an application holds 88 of the 100 connections that a frontend may have',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('fe1') }, title: /fe .* has few connections left/ },
      words: /Connections, of the limit of fe .* is (8[89]|9\d) %, over 85 %, since .*Connections: (8[89]|9\d)\b/s,
    }),
    breaks: async (site) => {
      await makeUser(site, 'shop');
      return holdConnections(site, { node: 'fe1', count: 88, user: 'shop' });
    },
  },
  user_connections_near_limit: {
    broken: 'a user holds 9 of the 10 connections that it may have',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: { user: 'etl' }, title: /The user etl has few connections left/ },
      words:
        /Connections of a user, of the limit of the user etl is 90 %, over 85 %, since .*Connections of a user: 9\b/s,
    }),
    breaks: async (site) => {
      await makeUser(site, 'etl');
      await site.sql(`SET PROPERTY FOR 'etl' 'max_user_connections' = '10'`);
      return holdConnections(site, { node: 'fe2', count: 9, user: 'etl' });
    },
  },
  load_failures: {
    broken: 'every INSERT into a table is aborted in its transaction',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Loads fail/ },
      words:
        /Failed load transactions is \d+(\.\d)? %, over 10 %, since .*Failed load transactions: [\d.]+ per second/s,
    }),
    breaks: async (site) => {
      const table = await makeTable(site, 'broken');
      const rule = { kind: 'load-fail', match: `^${table}$`, message: 'Memory of load exceed limit' } as const;
      return both(await site.fault(rule), site.send(`INSERT INTO ${table} VALUES (1, 1)`));
    },
  },
  loads_rejected: {
    broken: 'transactions that nobody ends fill a database up to its limit, and clients go on to load into it',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Loads are refused/ },
      words: /Rejected load transactions is [\d.]+ per second, over 0 per second, since /,
    }),
    also: ['transactions_near_limit', 'load_failures'],
    breaks: async (site) => {
      const table = await makeTable(site, 'crowded');
      const rule = { kind: 'transactions-running', match: '^crowded$', count: 1_000 } as const;
      return both(await site.fault(rule), site.send(`INSERT INTO ${table} VALUES (1, 1)`));
    },
  },
  transactions_near_limit: {
    broken: 'a database has 850 transactions of 1,000 that nobody ends',
    told: () => ({
      ...{ severity: 'HIGH', labels: { database: 'nearly' }, title: /The database nearly is near its limit of loads/ },
      words:
        /Running load transactions, of the limit of the database nearly is 85 %, over 80 %, since .*Running load transactions: 850/s,
    }),
    breaks: async (site) => {
      await site.sql('CREATE DATABASE nearly');
      return site.fault({ kind: 'transactions-running', match: '^nearly$', count: 850 });
    },
  },
  safe_mode: {
    broken: 'enable_safe_mode is on, and a disk of a backend has 3 % of its space left',
    told: () => ({
      ...{ severity: 'CRITICAL', labels: {}, title: /The cluster refuses all loads/ },
      words: /Safe mode is 1, over 0, since /,
    }),
    also: ['disk_nearly_full', 'load_failures', 'loads_rejected'],
    breaks: async (site) => {
      await site.sql('ADMIN SET FRONTEND CONFIG ("enable_safe_mode" = "true")');
      const undo = await site.fault({ kind: 'disk-crowded', share: 0.97 }, 'be2');
      return both(undo, () => site.sql('ADMIN SET FRONTEND CONFIG ("enable_safe_mode" = "false")'));
    },
  },
  routine_load_not_running: {
    broken: 'the Kafka of a routine load is away, and StarRocks pauses it',
    told: () => ({
      ...{
        severity: 'HIGH',
        labels: { job: 'streams.clicks' },
        title: /The routine load streams\.clicks does not run/,
      },
      words: /Routine load runs of streams\.clicks is 0, below 1, since /,
    }),
    breaks: async (site) => {
      await makeRoutineLoad(site, 'clicks');
      const undo = await site.fault({ kind: 'kafka-away', match: '^clicks$' });
      return async () => {
        await undo();
        await site.sql('RESUME ROUTINE LOAD FOR streams.clicks');
      };
    },
  },
  routine_load_errors: {
    broken: 'every tenth row that a routine load reads cannot be used',
    told: () => ({
      ...{
        severity: 'MEDIUM',
        labels: { job: 'streams.orders' },
        title: /The routine load streams\.orders drops rows/,
      },
      words: /Routine load, bad rows of streams\.orders is 10 %, over 1 %, since /,
    }),
    breaks: async (site) => {
      await makeRoutineLoad(site, 'orders');
      return site.fault({ kind: 'kafka-bad-rows', match: '^orders$', share: 0.1 });
    },
  },
  routine_load_lagging: {
    broken: 'a routine load reads nothing while 100,000 rows a second come',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: { job: 'streams.prices' }, title: /The routine load streams\.prices is behind/ },
      words: /Routine load, messages behind of streams\.prices is [1-9][\d,]*,\d{3},\d{3}, over 1,000,000, since /,
    }),
    also: ['routine_loads_unstable'],
    breaks: async (site) => {
      await makeRoutineLoad(site, 'prices');
      // What has never read a row has no lag.
      await untilRead(site, 'prices');
      return site.fault({ kind: 'kafka-lag', match: '^prices$', perSecond: 100_000 });
    },
  },
  routine_loads_unstable: {
    broken: 'a routine load reads nothing for longer than routine_load_unstable_threshold_second while rows come',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: {}, title: /Routine loads fall behind/ },
      words: /Routine loads that fall behind is [12], over 0, since /,
    }),
    breaks: async (site) => {
      await makeRoutineLoad(site, 'visits');
      await untilRead(site, 'visits');
      return site.fault({ kind: 'kafka-lag', match: '^visits$', perSecond: 1 });
    },
  },
  disk_filling: {
    broken: 'others take the disk of a backend up to 90 %',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: diskOf(site, 'be1'), title: /The disk \S+ of be .* fills up/ },
      words: /Disk use of \/\S+ on be .* is 90 %, over 85 %, since .*Free on disk: 10 GiB/s,
    }),
    breaks: (site) => site.fault({ kind: 'disk-crowded', share: 0.9 }, 'be1'),
  },
  disk_nearly_full: {
    broken: 'others take the disk of a backend up to 97 %',
    told: (site) => ({
      ...{ severity: 'CRITICAL', labels: diskOf(site, 'be2'), title: /The disk \S+ of be .* is nearly full/ },
      words: /Disk use of \/\S+ on be .* is 97 %, over 95 %, since .*Free on disk: 3\.0 GiB/s,
    }),
    breaks: (site) => site.fault({ kind: 'disk-crowded', share: 0.97 }, 'be2'),
  },
  disk_broken: {
    broken:
      'one of the two storage paths of a backend is gone, and max_percentage_of_error_disk of be.conf allows that',
    told: (site) => ({
      ...{ severity: 'HIGH', title: /be .* has put the disk \S+ aside/ },
      labels: { node: site.label('be3'), path: site.paths('be3')[1] ?? '' },
      words: /Disk in use of \/\S+ on be .* is 0, below 1, since /,
    }),
    prepares: async ({ world, managed, paths, sql }) => {
      const [first = ''] = paths('be3');
      const second = `${first}2`;
      await mkdir(second);
      const lines = `storage_root_path = ${first};${second}\nmax_percentage_of_error_disk = 50\n`;
      await world.kill('be3');
      await appendFile(join(managed.host('be3').deployDirs.be ?? '', 'conf', 'be.conf'), lines);
      await world.start('be3');
      for (let alive = 0; alive < 3; await sleep(100))
        alive = (await sql('SHOW BACKENDS')).filter(({ Alive }) => Alive === 'true').length;
    },
    breaks: async ({ paths }) => {
      const path = paths('be3')[1] ?? '';
      await rename(path, `${path}.gone`);
      return () => rename(`${path}.gone`, path);
    },
  },
  tablets_in_error: {
    broken: 'a replica could not apply what was loaded into it',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Tablets are in error state/ },
      words: /Tablets in error state is 1, over 0, since /,
    }),
    breaks: async (site) => site.fault({ kind: 'tablet-error', match: `^${await tabletOf(site, 0)}$` }),
  },
  tablets_inconsistent: {
    broken: 'two replicas of a tablet differ',
    told: () => ({
      ...{ severity: 'HIGH', labels: {}, title: /Tablets are inconsistent/ },
      words: /Inconsistent tablets is 1, over 0, since /,
    }),
    breaks: async (site) => site.fault({ kind: 'tablet-inconsistent', match: `^${await tabletOf(site, 3)}$` }),
  },
  log_disk_filling: {
    broken: 'the file system with the logs of a backend is used up to 93 %',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('be3') }, title: /The disk with the logs of be .* fills up/ },
      words: /Use of the log disk of be .* is 93 %, over 80 %, since /,
    }),
    breaks: async (site) => {
      const host = site.world.host('be3');
      const path = `${site.managed.host('be3').deployDirs.be}/log`;
      await host.crowdPath(path, 93);
      return () => host.crowdPath(path, null);
    },
  },
  memory_high: {
    broken: 'the process of a backend takes 93 % of its memory limit',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('be1') }, title: /be .* is short of memory/ },
      words: /Memory, of the limit of be .* is 93 %, over 90 %, since .*Memory of the process: [\d.]+ GiB/s,
    }),
    breaks: (site) => site.fault({ kind: 'memory-crowded', share: 0.93 }, 'be1'),
  },
  heap_high: {
    broken: '95 % of the heap of a frontend is used',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('fe2') }, title: /fe .* is short of heap/ },
      words: /Heap use of fe .* is 95 %, over 90 %, since .*Heap: 7\.6 GiB/s,
    }),
    breaks: (site) => site.fault({ kind: 'heap-crowded', share: 0.95 }, 'fe2'),
  },
  gc_heavy: {
    broken: 'a frontend collects garbage in half of its time',
    told: (site) => ({
      ...{ severity: 'MEDIUM', labels: { node: site.label('fe3') }, title: /fe .* collects garbage for long/ },
      words: /Garbage collection of fe .* is [3-7]\d\d ms, over 300 ms, since /,
    }),
    // Of StarRocks' own time, which passes faster here.
    breaks: (site) => site.fault({ kind: 'gc-pressure', share: 0.5 / site.world.speed }, 'fe3'),
  },
  file_descriptors_near_limit: {
    broken: 'a backend has 90 % of the files open that it may have',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('be2') }, title: /be .* has few files left to open/ },
      words: /Open files, of the limit of be .* is 90 %, over 85 %, since .*Open files: [\d,]+/s,
    }),
    breaks: (site) => site.fault({ kind: 'descriptors-used', share: 0.9 }, 'be2'),
  },
  clock_difference: {
    broken: 'the clock of a host is 90 s ahead',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('be2') }, title: /The clock of be .* is wrong/ },
      words: /Clock difference of be .* is (89|9\d)(\.\d)? s, over 2 s, since /,
    }),
    breaks: async (site) => {
      await site.world.host('be2').skewClock(90_000);
      return () => site.world.host('be2').skewClock(0);
    },
  },
  compaction_behind: {
    broken: 'loads are faster than compaction on a backend: score 700',
    told: (site) => ({
      ...{ severity: 'MEDIUM', labels: { node: site.label('be1') }, title: /Compaction on be .* is behind/ },
      words: /Compaction score of be .* is 700, over 500, since .*Most rowsets of a tablet: 700/s,
    }),
    breaks: (site) => site.fault({ kind: 'compaction-behind', count: 700 }, 'be1'),
  },
  rowsets_many: {
    broken: 'a tablet of a backend has 900 rowsets',
    told: (site) => ({
      ...{
        severity: 'HIGH',
        labels: { node: site.label('be3') },
        title: /A tablet on be .* has nearly too many rowsets/,
      },
      words: /Most rowsets of a tablet of be .* is 900, over 800, since /,
    }),
    also: ['compaction_behind'],
    breaks: (site) => site.fault({ kind: 'compaction-behind', count: 900 }, 'be3'),
  },
  checkpoint_not_running: {
    broken: 'a frontend writes no image while the journal has grown by 200,000 entries',
    told: (site) => ({
      ...{ severity: 'HIGH', labels: { node: site.label('fe1') }, title: /No image is made of the metadata of fe / },
      words: /Journal since the last image of fe .* is 20\d,\d{3}, over 150,000, since /,
    }),
    breaks: (site) => site.fault({ kind: 'checkpoint-stuck', count: 200_000 }, 'fe1'),
  },
  impossible_logins: {
    broken: 'somebody tries to log in as a"b and under another name that nobody can have',
    told: () => ({
      ...{ severity: 'LOW', labels: {}, title: /Logins are tried under impossible names/ },
      words: /2 new names on 1 frontend that no user can have since .*\[ a"b \]/s,
    }),
    breaks: async (site) => {
      for (const user of ['a"b', 'x{y']) await site.connect('fe3', { user, password: '' }).catch(() => null);
      return async () => {};
    },
    staysOpen: 'a name counts for an hour',
  },
} as const satisfies Record<string, Breakage<Site>>;

async function tabletOf({ sql }: Site, replica: number): Promise<string> {
  const rows = await sql('ADMIN SHOW REPLICA STATUS FROM sales.orders');
  return rows[replica]?.TabletId ?? '';
}

async function untilRead({ sql }: Site, job: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const [row] = await sql(`SHOW ROUTINE LOAD FOR streams.${job}`);
    if (/"loadedRows":[1-9]/.test(row?.Statistic ?? '')) return;
  }
  throw new Error(`the routine load ${job} has read nothing`);
}
