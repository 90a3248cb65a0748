import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patienceMs } from '../../../sandbox/patience.ts';
import { connectSql, connectSqlWhenUp, type Row, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { ssh } from './ssh.ts';

let world: World;
let sql: Sql;

// The one-machine seed, and machines on which somebody else installs nodes.
beforeAll(async () => {
  world = await startWorld({
    frontends: 1,
    backends: 2,
    oneHost: true,
    spareHosts: 2,
    speed: 20,
    version: '3.5.0',
    starwarden: false,
    slack: false,
  });
  const { cluster } = world.describe();
  const { host = '', queryPort: port = 0 } = cluster.frontends[0] ?? {};
  sql = await connectSql({ host, port, user: 'root', password: '' });
});

afterAll(async () => {
  sql?.close();
  await world?.stop();
});

function hostNamed(name: string) {
  const host = world.describe().hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

type Installing = {
  readonly host: string;
  readonly part: 'fe' | 'be';
  readonly name: string;
  readonly lines?: readonly string[];
};

/** What an operator does by hand: unpack the archive, write the conf with StarRocks' own keys, make the data directory. */
async function install({ host, part, name, lines = [] }: Installing): Promise<string> {
  const { emptyDirs, address } = hostNamed(host);
  const archive = world.describe().releases.find(({ version }) => version === '3.5.0')?.path;
  const [home, data] = [join(emptyDirs.deploy, name), join(emptyDirs.data, name)];
  const unpack = `mkdir -p ${home} ${data} && tar -xzf ${archive} -C ${home} --strip-components=2 StarRocks-3.5.0/${part}`;
  expect(await ssh(hostNamed(host), unpack)).toMatchObject({ exitCode: 0 });
  const dataLine = part === 'fe' ? `meta_dir = ${data}` : `storage_root_path = ${data},medium:SSD`;
  const conf = [`priority_networks = ${address}/32`, dataLine, 'no_such_key = 1', ...lines, ''];
  await writeFile(join(home, 'conf', `${part}.conf`), conf.join('\n'));
  return home;
}

async function start(host: string, home: string, args = ''): Promise<void> {
  const script = home.includes('/fe') ? 'start_fe.sh' : 'start_be.sh';
  expect(await ssh(hostNamed(host), `${home}/bin/${script} --daemon ${args}`)).toMatchObject({ exitCode: 0 });
}

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await sleep(50)) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`never: ${what}`);
}

async function row(what: string, isIt: (row: Row) => boolean): Promise<Row | undefined> {
  return (await sql.query(`SHOW ${what}`)).find(isIt);
}

describe('all nodes on one host', () => {
  it('are alive at one address, each with ports of its own, and serve the demo data', async () => {
    const { hosts, cluster } = world.describe();
    const box = hosts[0];
    expect(box).toMatchObject({ name: 'box1', nodes: [{ name: 'fe1' }, { name: 'be1' }, { name: 'be2' }] });
    const backends = await sql.query('SHOW BACKENDS');
    expect(backends.map(({ IP, HeartbeatPort, Alive }) => [IP, HeartbeatPort, Alive])).toEqual([
      [box?.address, '9050', 'true'],
      [box?.address, '9150', 'true'],
    ]);
    const [counted] = await sql.query(`SELECT COUNT(*) FROM ${cluster.database}.orders`);
    expect(Object.values(counted ?? {})).toEqual(['240']);
  });

  it('are killed and started each by its own name', async () => {
    const pid = await world.kill('be2');
    expect(world.pidOf('be2')).toBeNull();
    expect(world.pidOf('be1')).not.toBeNull();
    expect(await world.start('be2')).not.toBe(pid);
  });
});

describe('an empty host', () => {
  it('has SSH, JDKs and two empty directories', async () => {
    const { emptyDirs, javaHomes } = hostNamed('host1');
    const look = `find ${emptyDirs.deploy} ${emptyDirs.data}; "$JAVA_HOME/bin/java" -version 2>&1; echo "$JAVA_HOME"`;
    const { stdout } = await ssh(hostNamed('host1'), look);
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      emptyDirs.deploy,
      emptyDirs.data,
      'openjdk version "17.0.11" 2024-07-16',
    ]);
    expect(stdout).toContain(javaHomes[17]);
    expect(world.nodesOn('host1')).toEqual([]);
  });

  it('takes a backend whose conf file has StarRocks’ own keys only, and the cluster takes it in', async () => {
    const home = await install({ host: 'host1', part: 'be', name: 'be' });
    await start('host1', home);
    const { address } = hostNamed('host1');
    await sql.query(`ALTER SYSTEM ADD BACKEND "${address}:9050"`);
    await until('the new backend is alive', () =>
      row('BACKENDS', ({ IP, Alive }) => IP === address && Alive === 'true'),
    );
    const node = world.node({ host: 'host1', deployDir: home });
    expect(node).toMatchObject({ kind: 'be', version: '3.5.0', faultPlace: { backend: `${address}:9050` } });
    expect(node.pid).not.toBeNull();
    expect(world.nodesOn('host1')).toEqual([node]);
    await world.kill({ host: 'host1', deployDir: home });
    expect(world.pidOf({ host: 'host1', deployDir: home })).toBeNull();
    await world.start({ host: 'host1', deployDir: home });
  });

  it('ends a node whose port somebody else has, with the words of the real one', async () => {
    const home = await install({
      host: 'host1',
      part: 'be',
      name: 'be-twin',
      lines: ['heartbeat_service_port = 9450'],
    });
    await start('host1', home);
    const out = join(home, 'log', 'be.out');
    await until('be.out says why', async () =>
      (await readFile(out, 'utf8').catch(() => '')).includes('Fail to start BackendService thrift server on port 9060'),
    );
    await until('it has ended', async () => world.pidOf({ host: 'host1', deployDir: home }) === null);
  });

  it('takes a second backend on other ports, and refuses the storage of another cluster', async () => {
    const ports = { be_port: 9360, be_http_port: 8340, heartbeat_service_port: 9350, brpc_port: 8360 };
    const lines = Object.entries(ports).map(([key, port]) => `${key} = ${port}`);
    const home = await install({ host: 'host1', part: 'be', name: 'be-foreign', lines });
    await writeFile(join(hostNamed('host1').emptyDirs.data, 'be-foreign', 'cluster_id'), '4711-another-token');
    await start('host1', home);
    const { address } = hostNamed('host1');
    await sql.query(`ALTER SYSTEM ADD BACKEND "${address}:9350"`);
    const refused = await until('the heartbeat is refused', () =>
      row('BACKENDS', ({ HeartbeatPort, ErrMsg }) => HeartbeatPort === '9350' && ErrMsg === 'Unmatched cluster id'),
    );
    expect(refused).toMatchObject({ Alive: 'false' });
    await sql.query(`ALTER SYSTEM DROP BACKEND "${address}:9350"`);
  });

  it('takes a frontend that was started with --helper before the cluster was told of it', async () => {
    const home = await install({ host: 'host2', part: 'fe', name: 'fe' });
    const first = world.describe().cluster.frontends[0];
    await start('host2', home, `--helper ${first?.host}:${first?.editLogPort}`);
    const log = join(home, 'log', 'fe.log');
    await until('it asks to be added', async () =>
      (await readFile(log, 'utf8').catch(() => '')).includes('current node is not added to the group'),
    );
    const { address } = hostNamed('host2');
    await sql.query(`ALTER SYSTEM ADD FOLLOWER "${address}:9010"`);
    await until('it is alive', () => row('FRONTENDS', ({ IP, Alive }) => IP === address && Alive === 'true'));
    const target = { host: address, port: 9030, user: 'root', password: '' };
    const there = await connectSqlWhenUp(target, { timeoutMs: patienceMs });
    expect(await there.query('SHOW FRONTENDS')).toHaveLength(2);
    there.close();
  });

  it('ends a frontend whose edit-log port is used', async () => {
    const home = await install({ host: 'host2', part: 'fe', name: 'fe-twin', lines: ['http_port = 8930'] });
    await start('host2', home);
    await until('fe.out says why', async () =>
      (await readFile(join(home, 'log', 'fe.out'), 'utf8').catch(() => '')).includes(
        'edit_log_port 9010 is already in use. will exit.',
      ),
    );
    await until('it has ended', async () => world.pidOf({ host: 'host2', deployDir: home }) === null);
  });
});

describe('a world without a cluster', () => {
  it('has hosts and archives and nothing else', async () => {
    const empty = await startWorld({ frontends: 0, spareHosts: 3, starwarden: false, slack: false });
    try {
      const { cluster, hosts, releases } = empty.describe();
      expect(cluster).toMatchObject({ frontends: [], backends: [], tables: [], repositoryLocation: null });
      expect(hosts.map(({ name, nodes }) => [name, nodes])).toEqual([
        ['host1', []],
        ['host2', []],
        ['host3', []],
      ]);
      expect(releases.length).toBeGreaterThan(0);
    } finally {
      await empty.stop();
    }
  });
});
