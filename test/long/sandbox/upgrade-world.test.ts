import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { patienceMs } from '../../../sandbox/patience.ts';
import { corruptArchive } from '../../../sandbox/releases/damage.ts';
import { connectSql, type Sql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { canMount } from '../../sandbox/world/can-mount.ts';
import { ssh } from '../../sandbox/world/ssh.ts';

const mayMount = await canMount();
let world: World;
let sql: Sql;
beforeAll(async () => {
  world = await startWorld({
    frontends: 1,
    observers: 1,
    backends: 3,
    locations: ['rack:r1', 'rack:r2'],
    java: { fe2: { installed: [11] }, fe1: { home: 11 } },
    conf: { be: { loop_count_wait_fragments_finish: 1 } },
    version: '3.4.6',
    speed: 40,
    ...(mayMount && { diskBytes: 33_554_432 }),
    starwarden: false,
    slack: false,
  });
  const { cluster } = world.describe();
  const [frontend] = cluster.frontends;
  const target = { host: frontend?.host ?? '', port: frontend?.queryPort ?? 0 };
  sql = await connectSql({ ...target, user: cluster.sqlUser, password: cluster.sqlPassword });
});
afterAll(async () => {
  sql?.close();
  await world?.stop();
});

function hostNamed(name: string) {
  const host = world.describe().hosts.find((candidate) => candidate.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return { ...host, home: host.deployDirs.fe ?? host.deployDirs.be ?? '' };
}

const archiveOf = (version: string) =>
  world.describe().releases.find((release) => release.version === version)?.path ?? '';

it('has an observer beside the follower, and says so', async () => {
  const { frontends } = world.describe().cluster;
  expect(frontends.map(({ name, isObserver }) => [name, isObserver])).toEqual([
    ['fe1', false],
    ['fe2', true],
  ]);
  const rows = await sql.query('SHOW FRONTENDS');
  expect(rows.find(({ IP }) => IP === frontends[1]?.host)).toMatchObject({ Role: 'OBSERVER', Alive: 'true' });
});

it('sets the locations of the backends in turn', async () => {
  const wanted = ['rack:r1', 'rack:r2', 'rack:r1'];
  expect((await sql.query('SHOW BACKENDS')).map(({ Location }) => Location)).toEqual(wanted);
  expect(world.describe().cluster.backends.map(({ location }) => location)).toEqual(wanted);
});

it('gives a host the JDKs it was asked for, and puts further lines into conf files', async () => {
  expect((await ssh(hostNamed('fe2'), `ls ${world.dir}/hosts/fe2/usr/lib/jvm`)).stdout).toBe('jdk-11\n');
  expect((await ssh(hostNamed('fe1'), `ls ${world.dir}/hosts/fe1/usr/lib/jvm`)).stdout).toBe('jdk-11\njdk-17\n');
  for (const name of ['fe1', 'fe2']) {
    expect(await readFile(join(hostNamed(name).home, 'conf', 'fe.conf'), 'utf8')).toMatch(/^JAVA_HOME = .*jdk-11$/m);
  }
  expect(await readFile(join(hostNamed('be1').home, 'conf', 'be.conf'), 'utf8')).toContain(
    '\nloop_count_wait_fragments_finish = 1\n',
  );
});

it('has a frontend refuse 3.5 on its old JDK: with 255 and a line on standard output, not in fe.out', async () => {
  const host = hostNamed('fe2');
  await ssh(host, `${host.home}/bin/stop_fe.sh`);
  const before = await readFile(join(host.home, 'log', 'fe.out'), 'utf8');
  const unpack = `tar -xzf ${archiveOf('3.5.0')} -C ${host.home} --strip-components=2 StarRocks-3.5.0/fe/bin StarRocks-3.5.0/fe/lib`;
  const put = (from: string, to: string) => `mv ${host.home}/${from} ${host.home}/${to}`;
  await ssh(host, `${put('bin', 'bin.old')} && ${put('lib', 'lib.old')} && ${unpack}`);
  expect(await ssh(host, `${host.home}/bin/start_fe.sh --daemon`)).toMatchObject({
    exitCode: 255,
    stdout: expect.stringMatching(/JDK 11 .*17/),
    stderr: '',
  });
  expect(await readFile(join(host.home, 'log', 'fe.out'), 'utf8')).toBe(before);
  expect(world.pidOf('fe2')).toBeNull();

  await ssh(host, `rm -r ${host.home}/bin ${host.home}/lib && ${put('bin.old', 'bin')} && ${put('lib.old', 'lib')}`);
  await world.start('fe2');
});

it('tells when a command like this arrives, so that its connection can be cut while it runs', async () => {
  const host = hostNamed('be1');
  const arrival = world.nextCommand('be1', /sleep 2; touch/, { timeoutMs: patienceMs });
  const marker = join(world.dir, 'hosts', 'be1', 'finished-without-its-connection');
  const answer = ssh(host, `sleep 2; touch ${marker}`);
  expect(await arrival).toContain('touch');
  await world.host('be1').cut();
  expect((await answer).exitCode).toBe(255);
  await expect.poll(() => readFile(marker, 'utf8').catch(() => null)).toBe('');
  await expect(world.nextCommand('be1', /touch/, { timeoutMs: 30 })).rejects.toThrow('be1 received no command like');
});

it('serves its archives over HTTP, one by one damaged where a test asks for it', async () => {
  const { archivesUrl } = world.describe();
  const url = world.archives.urlOf('StarRocks-3.5.1.tar.gz');
  expect(url).toBe(`${archivesUrl}/StarRocks-3.5.1.tar.gz`);
  const read = async () => Buffer.from(await (await fetch(url)).arrayBuffer());
  const sound = await read();
  expect(sound.equals(await readFile(archiveOf('3.5.1')))).toBe(true);
  await corruptArchive(archiveOf('3.5.1'));
  expect((await read()).equals(sound)).toBe(false);
});

it('lets a disk run full in the middle of unpacking, or says that it cannot have such disks', async () => {
  if (!mayMount) {
    await expect(world.fillDisk('be2')).rejects.toThrow('is no limited disk');
    return;
  }
  const host = hostNamed('be2');
  await ssh(host, `mkdir ${host.home}/staged`);
  await world.fillDisk('be2', { leaveBytes: 200_000 });
  const unpack = `tar -xzf ${archiveOf('3.5.0')} -C ${host.home}/staged StarRocks-3.5.0/be`;
  expect(await ssh(host, unpack)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('No space left on device'),
  });
  const half = await ssh(host, `ls ${host.home}/staged/StarRocks-3.5.0/be`);
  expect(half.stdout).toContain('bin');
  await world.freeDisk('be2');
  expect(await ssh(host, unpack)).toMatchObject({ exitCode: 0, stderr: '' });
});
