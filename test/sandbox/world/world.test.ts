import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../../sandbox/world/commands.ts';
import { processesOfWorld } from '../../../sandbox/world/processes.ts';
import { connectSql, type Row, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { canMount } from './can-mount.ts';
import { ssh } from './ssh.ts';

let world: World;
let sql: Sql;

beforeAll(async () => {
  world = await startWorld({ speed: 20, starwarden: false });
  sql = await login(world);
});

afterAll(async () => {
  sql?.close();
  await world?.stop();
});

function login(of: World, frontend = 0): Promise<Sql> {
  const { cluster } = of.describe();
  const { host = '', queryPort: port = 0 } = cluster.frontends[frontend] ?? {};
  return connectSql({ host, port, user: cluster.sqlUser, password: cluster.sqlPassword });
}

function hostNamed(name: string) {
  const host = world.describe().hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
}

async function backend(name: string): Promise<Row> {
  const { address } = hostNamed(name);
  const row = (await sql.query('SHOW BACKENDS')).find((candidate) => candidate.IP === address);
  if (row === undefined) throw new Error(`no backend ${address}`);
  return row;
}

async function expectDemoData(connection: Sql, of: World): Promise<void> {
  const { database, tables } = of.describe().cluster;
  expect(tables.map((table) => table.name)).toEqual(['orders', 'order_items']);
  for (const { name, rows, amountCents } of tables) {
    const [row] = await connection.query(`SELECT COUNT(*), SUM(amount_cents) FROM ${database}.${name}`);
    expect(Object.values(row ?? {})).toEqual([String(rows), String(amountCents)]);
  }
}

describe('a world', () => {
  it('has every node alive on the version that was asked for', async () => {
    const { cluster } = world.describe();
    const [frontends, backends] = [await sql.query('SHOW FRONTENDS'), await sql.query('SHOW BACKENDS')];
    expect(frontends.map((row) => row.IP).sort()).toEqual(cluster.frontends.map((frontend) => frontend.host));
    expect(backends.map((row) => row.IP)).toEqual(cluster.backends.map((node) => node.host));
    for (const row of [...frontends, ...backends]) {
      expect(row).toMatchObject({ Alive: 'true', Version: '3.3.15-6c9a3f1' });
    }
  });

  it('lets the generated user in at every frontend, to the rows it describes', async () => {
    for (const index of [0, 1, 2]) {
      const connection = await login(world, index);
      await expectDemoData(connection, world);
      connection.close();
    }
  });

  it('gives that user what backing up and changing the topology take', async () => {
    const { cluster } = world.describe();
    const repositories = await sql.query('SHOW REPOSITORIES');
    expect(repositories).toMatchObject([{ RepoName: cluster.repository, Location: cluster.repositoryLocation }]);
    expect(await sql.query(`SHOW SNAPSHOT ON ${cluster.repository}`)).toEqual([]);
    await expect(sql.query('ALTER SYSTEM DROP BACKEND "127.0.0.1:9050"')).rejects.toThrow('does not exists');
  });

  it('writes down the statements it received', async () => {
    await sql.query("SELECT 'a statement of this test'");
    const lines = (await readFile(world.describe().logs.statements, 'utf8')).trim().split('\n');
    const last: unknown = JSON.parse(lines.at(-1) ?? '');
    expect(last).toMatchObject({ user: 'starwarden', text: "SELECT 'a statement of this test'" });
  });

  it('names the archives of all versions', () => {
    const versions = world.describe().releases.map((release) => release.version);
    expect(versions).toEqual(['3.2.16', '3.3.15', '3.4.5', '3.4.6', '3.5.0', '3.5.1']);
  });
});

describe('a host', () => {
  it('takes commands over SSH with the key, and logs them', async () => {
    const answer = await ssh(hostNamed('be1'), 'printf "%s" "$0 said hello"');
    expect(answer).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('said hello') });
    const log = await readFile(world.describe().logs.commands, 'utf8');
    expect(log).toContain('"host":"be1"');
    expect(log).toContain('said hello');
  });

  it('restarts its backend through the scripts: another process, the same data', async () => {
    const { deployDirs } = hostNamed('be1');
    const before = { pid: world.pidOf('be1'), startedAt: (await backend('be1')).LastStartTime };
    expect(before.pid).not.toBeNull();

    const stopped = await ssh(hostNamed('be1'), `${deployDirs.be}/bin/stop_be.sh -g`);
    expect(stopped).toMatchObject({ exitCode: 0, stdout: 'stop starrocks_be, and remove pid file. \n' });
    expect(world.pidOf('be1')).toBeNull();
    expect(await ssh(hostNamed('be1'), `${deployDirs.be}/bin/start_be.sh --daemon`)).toMatchObject({ exitCode: 0 });

    await expect.poll(() => world.pidOf('be1')).not.toBeNull();
    expect(world.pidOf('be1')).not.toBe(before.pid);
    await expect.poll(async () => (await backend('be1')).Alive).toBe('true');
    await expectDemoData(sql, world);
  });

  it('refuses connections and accepts them again', async () => {
    await world.host('be2').refuse();
    expect(await ssh(hostNamed('be2'), 'true')).toMatchObject({ exitCode: 255 });
    await world.host('be2').accept();
    expect(await ssh(hostNamed('be2'), 'true')).toMatchObject({ exitCode: 0 });
  });

  it('shows a new fingerprint after its key was changed', async () => {
    const before = hostNamed('be2').hostKeyFingerprint;
    await world.host('be2').rotateHostKey();
    expect(hostNamed('be2').hostKeyFingerprint).not.toBe(before);
  });
});

describe('a node', () => {
  it('is reported dead when killed, and comes back with its data', async () => {
    const pid = world.pidOf('be3');
    expect(await world.kill('be3')).toBe(pid);
    expect(world.pidOf('be3')).toBeNull();
    await expect(world.kill('be3')).rejects.toThrow('be3 is not running');
    await expect.poll(async () => (await backend('be3')).Alive).toBe('false');

    expect(await world.start('be3')).toBe(world.pidOf('be3'));
    await expect(world.start('be3')).rejects.toThrow('Backend running as process');
    await expect.poll(async () => (await backend('be3')).Alive).toBe('true');
    await expectDemoData(sql, world);
  });

  it('does what a fault says, as often as it says', async () => {
    const message = 'the sandbox says no';
    const rule = { kind: 'sql-error', match: 'SHOW REPOSITORIES', code: 1064, message, times: 1 } as const;
    const id = await world.faults.add(rule);
    await expect(sql.query('SHOW REPOSITORIES')).rejects.toThrow(message);
    expect(await sql.query('SHOW REPOSITORIES')).toHaveLength(1);
    await world.faults.remove(id);
    expect(JSON.parse(await readFile(world.faults.file, 'utf8'))).toEqual([]);
  });

  it('is found by its name in a fault, which leaves the others alone', async () => {
    const { backends } = world.describe().cluster;
    const health = () =>
      Promise.all(
        backends.map(async (node) => (await fetch(`http://${node.host}:${node.httpPort}/api/health`)).status),
      );
    await runCommand(world, ['fault', 'http-error', 'be2', 'path=/api/health', 'status=503']);
    expect(await health()).toEqual([200, 503, 200]);
    await runCommand(world, ['fault-clear']);
    expect(await health()).toEqual([200, 200, 200]);
  });

  it('is refused by name when there is none of that name', async () => {
    expect(() => world.pidOf('be4')).toThrow('there is no be4; there are fe1, fe2, fe3, be1, be2, be3');
  });

  it('keeps what it knows when the whole cluster is killed and started again', async () => {
    const names = world.describe().hosts.map((host) => host.name);
    await Promise.all(names.map((name) => world.kill(name)));
    await Promise.all(names.map((name) => world.start(name)));
    sql.close();
    await expect
      .poll(
        async () => {
          sql = await login(world);
          const rows = await sql.query('SHOW BACKENDS').finally(() => sql.close());
          return rows.filter((row) => row.Alive === 'true').length;
        },
        { timeout: 20_000, interval: 200 },
      )
      .toBe(3);
    sql = await login(world);
    await expectDemoData(sql, world);
  });
});

async function expectFullDisk(of: World, name: string): Promise<void> {
  const host = of.describe().hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  const copy = `cp -r ${host.deployDirs.be}/lib ${host.deployDirs.be}/lib.bak`;
  expect(await of.fillDisk(name)).toBeGreaterThan(50_000_000);
  expect(await ssh(host, copy)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('No space left on device'),
  });
  expect(await of.freeDisk(name)).toBeGreaterThan(50_000_000);
  expect(await ssh(host, copy)).toMatchObject({ exitCode: 0, stderr: '' });
}

describe('two worlds', () => {
  it('live side by side on other addresses, and one ends without the other', async () => {
    const mayMount = await canMount();
    const other = await startWorld({
      ...(mayMount && { diskBytes: 67_108_864 }),
      frontends: 1,
      backends: 1,
      computeNodes: 1,
      version: '3.5.1',
      speed: 20,
      starwarden: false,
    });
    try {
      const connection = await login(other);
      await expectDemoData(connection, other);
      expect(await connection.query('SHOW COMPUTE NODES')).toMatchObject([{ Alive: 'true', Version: '3.5.1-d7193be' }]);
      connection.close();
      const addresses = [world, other].flatMap((each) => each.describe().hosts.map((host) => host.address));
      expect(new Set(addresses).size).toBe(9);

      if (mayMount) await expectFullDisk(other, 'be1');

      // A daemon of its own session, started over SSH: what a kill by process group would miss.
      const [host] = other.describe().hosts;
      if (host === undefined) throw new Error('no host');
      await ssh(host, 'setsid sleep 987 </dev/null >/dev/null 2>&1 &');
      expect(processesOfWorld(other.dir).length).toBeGreaterThan(6);
    } finally {
      await other.stop();
    }
    expect(processesOfWorld(other.dir)).toEqual([]);
    await expect(readFile(join(other.dir, 'faults.json'))).rejects.toThrow('ENOENT');
    expect(processesOfWorld(world.dir).length).toBeGreaterThan(11);
    await expectDemoData(sql, world);
  });
});

describe('a start that is refused or given up', () => {
  it('does not touch a directory that holds something', async () => {
    await expect(startWorld({ dir: world.dir, starwarden: false })).rejects.toThrow('is not empty');
    expect(processesOfWorld(world.dir).length).toBeGreaterThan(11);
    await expectDemoData(sql, world);
  });

  it('leaves nothing running', async () => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'starwarden-given-up-')));
    const lines: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const started = startWorld({
      dir,
      frontends: 1,
      backends: 1,
      starwarden: false,
      signal: controller.signal,
      onProgress: (line) => {
        lines.push(line);
        if (line === 'starting the cluster') resolve();
      },
    });
    const refused = expect(started).rejects.toThrow('aborted');
    await promise;
    expect(processesOfWorld(dir).length).toBeGreaterThan(0);
    controller.abort();
    await refused;
    expect(processesOfWorld(dir)).toEqual([]);
    expect(lines).not.toContain('creating users and data');
    await rm(dir, { recursive: true });
  });
});
