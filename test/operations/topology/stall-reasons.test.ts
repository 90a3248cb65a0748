import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createStarRocks, type StarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import { parseBackends } from '../../../src/adapters/starrocks/parse.ts';
import { showBackends } from '../../../src/adapters/starrocks/statements.ts';
import { drainBackend } from '../../../src/operations/topology/steps/drain-backend.ts';
import type { Ports } from '../../../src/steps/define.ts';
import { sampleOf } from '../../helpers/step-samples.ts';
import type { Client, Row } from '../../sandbox/starrocks/helpers/client.ts';
import { startCluster, type TestCluster, type TestNode, until } from '../../sandbox/starrocks/helpers/cluster.ts';

/*
 * Each reason for which a backend does not empty is made on a cluster of four, and one look of the step that follows the
 * drain has to name it, with the tables. Every test puts the cluster back to four well backends.
 */

let cluster: TestCluster;
let client: Client;
let starrocks: StarRocks;
let ports: Pick<Ports, 'sql'>;

beforeAll(async () => {
  cluster = await startCluster({ version: '3.5.0', backends: 4, speed: 100 });
  client = await cluster.connect();
  await client.query('CREATE DATABASE shop');
  starrocks = createStarRocks();
  const frontends = cluster.frontends.map(({ address }) => ({ host: address, port: 9030 }));
  ports = { sql: starrocks.connect({ frontends, user: 'root', password: async () => '', tls: null }) };
});

afterAll(async () => {
  await starrocks?.close();
  await cluster?.stop();
});

afterEach(async () => {
  cluster.setFaults([]);
  await setting('tablet_sched_max_scheduling_tablets', '10000');
  await setting('tablet_sched_disable_colocate_balance', 'false');
  for (const { address } of cluster.backends)
    await client.query(`CANCEL DECOMMISSION BACKEND "${address}:9050"`).catch(() => null);
  await client.query('DROP DATABASE shop FORCE');
  await client.query('CREATE DATABASE shop');
});

function backendAt(index: number): TestNode {
  const node = cluster.backends[index];
  if (node === undefined) throw new Error(`no backend ${index}`);
  return node;
}

const rowOf = async ({ address }: TestNode): Promise<Row | undefined> =>
  (await client.query('SHOW BACKENDS')).find(({ IP }) => IP === address);
const isAlive = async (node: TestNode) => (await rowOf(node))?.Alive === 'true';
const setting = (key: string, value: string) => client.query(`ADMIN SET FRONTEND CONFIG ("${key}" = "${value}")`);
const decommission = ({ address }: TestNode) => client.query(`ALTER SYSTEM DECOMMISSION BACKEND "${address}:9050"`);
/** Copies fail, so that nothing leaves before the reason is made. */
const holdCopies = () => cluster.setFaults([{ id: 'held', kind: 'clone-fail' }]);

async function table(name: string, replicas: number, more = ''): Promise<void> {
  await client.query(
    `CREATE TABLE shop.${name} (a INT, b INT) DISTRIBUTED BY HASH(a) BUCKETS 8 PROPERTIES ("replication_num" = "${replicas}"${more})`,
  );
}

async function stopped(node: TestNode): Promise<void> {
  await node.stop('SIGKILL');
  await until(async () => !(await isAlive(node)), 'it is dead');
}

async function started(node: TestNode): Promise<void> {
  node.start();
  await until(() => isAlive(node), 'it is back');
}

/** What one look says of a backend from which no tablet has left for a while: all that stands behind `Why:`. */
async function whyInOneLook({ address }: TestNode): Promise<string> {
  const row = parseBackends(await ports.sql.query(showBackends())).find(({ host }) => host === address);
  if (row === undefined) throw new Error(`${address} is not in the cluster`);
  const atMs = Date.now();
  const begun = { begunWith: row.tabletCount, seen: [{ atMs: atMs - 600_000, tablets: row.tabletCount }] };
  const found = await drainBackend.check(
    { ...sampleOf('drainBackend').params, host: address, port: 9050, backendId: row.id, label: `be ${address}:9050` },
    ports as Ports, // the step names this port only
    {
      ...{ runId: 'run_1', clusterId: 'clu_1', signal: AbortSignal.timeout(20_000), now: () => new Date(atMs) },
      ...{ log: () => {}, startedAt: null, attempts: 1, applied: true, waitingLanes: 0, earlier: async () => null },
      memo: { ...begun, fewest: row.tabletCount, fewestAtMs: atMs - 600_000, reasons: [], lookedAtMs: 0 },
    },
  );
  if (found.state !== 'moving') throw new Error(`it does not stand still: ${JSON.stringify(found)}`);
  return found.progress.message.split('. Why: ')[1] ?? `nothing: ${found.progress.message}`;
}

it('names the scheduler that is off', async () => {
  await table('orders', 2);
  await setting('tablet_sched_max_scheduling_tablets', '-1');
  await decommission(backendAt(3));
  expect(await whyInOneLook(backendAt(3))).toMatch(
    /^shop\.orders \(\d+ tablets\): tablet_sched_max_scheduling_tablets is -1/,
  );
});

it('names the single replica on a backend that is down', async () => {
  await table('lonely', 1);
  await stopped(backendAt(3));
  await decommission(backendAt(3));
  expect(await whyInOneLook(backendAt(3))).toMatch(
    /^shop\.lonely \(\d tablets?\): the only replica is there, and be .* is down: there is nothing to copy from/,
  );
  await started(backendAt(3));
});

it('names the backend that is missing where too few are left', async () => {
  await table('wide', 3);
  holdCopies();
  await decommission(backendAt(3));
  await stopped(backendAt(1));
  expect(await whyInOneLook(backendAt(3))).toMatch(
    new RegExp(
      `shop\\.wide \\(\\d+ tablets?\\): no backend on another machine .*be ${backendAt(1).address}:9050 is down`,
    ),
  );
  await started(backendAt(1));
});

it('names the paths of the others that have no space, and how full they are', async () => {
  await table('big', 1);
  holdCopies();
  await decommission(backendAt(3));
  const others = cluster.backends.filter((node) => node !== backendAt(3)).map(({ address }) => `${address}:9050`);
  cluster.setFaults(others.map((backend) => ({ id: backend, kind: 'disk-crowded', backend })));
  await until(async () => {
    const rows = await client.query('SHOW BACKENDS');
    return rows.filter(({ AvailCapacity }) => AvailCapacity === '0.000 B').length === others.length;
  }, 'the leader has heard of it');
  const why = await whyInOneLook(backendAt(3));
  expect(why).toMatch(/^shop\.big \(\d tablets?\): no path of the other backends takes more: be .* 100 % full/);
  for (const other of others) expect(why).toContain(other);
});

it('names tablets of the recycle bin', async () => {
  await table('gone', 2);
  await client.query('DROP TABLE shop.gone');
  holdCopies();
  await decommission(backendAt(3));
  expect(await whyInOneLook(backendAt(3))).toMatch(
    /^(a dropped table|dropped tables).* \(\d tablets?\): .*recycle bin/,
  );
});

it('names tables that want more replicas than backends would be left', async () => {
  await table('triple', 3);
  holdCopies();
  await decommission(backendAt(3));
  const dropped = backendAt(2);
  await client.query(`ALTER SYSTEM DROP BACKEND "${dropped.address}:9050" FORCE`);
  expect(await whyInOneLook(backendAt(3))).toMatch(
    /^shop\.triple \(\d tablets?\): 3 replicas of each tablet are wanted, and backends on 2 machines stay/,
  );
  await client.query(`ALTER SYSTEM ADD BACKEND "${dropped.address}:9050"`);
  await until(() => isAlive(dropped), 'it is back');
});

it('names copies that fail, and colocation groups that may not move', async () => {
  await table('orders', 2);
  await table('paired', 2, ', "colocate_with" = "pair"');
  await setting('tablet_sched_disable_colocate_balance', 'true');
  holdCopies();
  await decommission(backendAt(3));
  const rows = await client.query('ADMIN SHOW REPLICA STATUS FROM shop.orders');
  const id = (await rowOf(backendAt(3)))?.BackendId;
  const tablets = new Set(rows.filter(({ BackendId }) => BackendId === id).map(({ TabletId }) => TabletId));
  const failed = ({ TabletId, ErrMsg }: Row) => tablets.has(TabletId) && String(ErrMsg).startsWith('clone failed');
  await until(
    async () => (await client.query("SHOW PROC '/cluster_balance/history_tablets'")).some(failed),
    'a copy failed',
  );
  const why = await whyInOneLook(backendAt(3));
  expect(why).toMatch(/shop\.paired \(\d tablets?\): tablet_sched_disable_colocate_balance is true/);
  expect(why).toMatch(/shop\.orders \(\d tablets?\): copying fails: clone failed/);
});
