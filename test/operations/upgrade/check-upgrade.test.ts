import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { upgradeChecks } from '../../../src/domain/upgrade/checks.ts';
import { upgradeCheckNames } from '../../../src/domain/upgrade/checks-verdict.ts';
import type { Release } from '../../../src/domain/upgrade/release.ts';
import type { NamedCheck } from '../../../src/domain/verdict.ts';
import { archiveOf, verifyArchive } from '../../../src/operations/upgrade/check-upgrade/verify-archive.ts';
import { readUpgradeFacts } from '../../../src/operations/upgrade/facts.ts';
import { deleteRelease, insertRelease } from '../../../src/store/upgrades/releases.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { logLines, type Managed, manage } from '../../helpers/world.ts';

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;
const by = { actor: admin, requestId: null };
const to = '3.4.6';

beforeAll(async () => {
  world = await startWorld({
    starwarden: false,
    slack: false,
    speed: 20,
    version: '3.4.5',
    locations: ['rack:r1', 'rack:r2'],
  });
  engine = await startEngine({ env: { STARWARDEN_DOWNLOADS_DIR: join(world.dir, 'downloads') } });
  managed = manage(world, engine);
  clusterId = await managed.register('upgrades');
  const names = world.describe().hosts.map(({ name }) => name);
  const attached = await managed.ask('attachHosts', await managed.attachInput(clusterId, names));
  expect(await managed.finish(attached.id)).toMatchObject({ state: 'SUCCEEDED' });
});

afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

afterEach(async () => {
  if ((await engine.ctx.connections.inventory.findRelease(to)) !== null) await deleteRelease(engine.ctx.db, to, by);
});

function archive() {
  const found = world.describe().releases.find(({ version }) => version === to);
  if (found === undefined) throw new Error(`the world has no archive of ${to}`);
  return found;
}

function urlOfArchive(): string {
  return `${world.describe().archivesUrl.replace(/\/$/, '')}/${archive().path.split('/').at(-1)}`;
}

async function register(more: Partial<Release> = {}): Promise<void> {
  const { path, sha256, sizeBytes } = archive();
  await insertRelease(
    engine.ctx.db,
    {
      version: to,
      source: { kind: 'PATH', location: path },
      sha256,
      sizeBytes,
      contents: ['FRONTEND', 'BACKEND'],
      minimumJdk: 11,
      ...more,
    },
    by,
  );
}

const limits = { maxRunningQueries: 20, maxBackupAgeHours: 24, direction: null };
const observe = () => readUpgradeFacts({ to }, engine.ctx.connections.reading(clusterId, AbortSignal.timeout(25_000)));
const failedOf = (checks: readonly NamedCheck[]) =>
  checks.filter(({ status }) => status === 'FAIL').map(({ name, severity }) => `${severity} ${name}`);
/** As a sandbox is: never backed up, and this machine's one disk is shared by all its hosts. */
const usual = ['WARN backup-fresh'];

/** Looks until the preflight says this, since a cluster notices changes in its own time. */
async function findsFailed(wanted: readonly string[]): Promise<void> {
  await expect.poll(async () => failedOf(upgradeChecks(await observe(), limits))).toEqual(wanted);
}

async function asRoot(...statements: string[]): Promise<void> {
  const [frontend] = world.describe().cluster.frontends;
  const root = await connectSql({
    host: frontend?.host ?? '',
    port: frontend?.queryPort ?? 0,
    user: 'root',
    password: '',
  });
  for (const statement of statements) await root.query(statement);
  root.close();
}

describe('the preflight', () => {
  it('sees all of a cluster that is well, and has nothing against its upgrade', async () => {
    await register();
    const facts = await observe();
    expect(failedOf(upgradeChecks(facts, limits))).toEqual(usual);
    expect(facts.nodes).toHaveLength(6);
    for (const { onHost, label } of facts.nodes) {
      expect(onHost, label).toMatchObject({
        value: { process: { pid: expect.any(Number) }, swapProblem: null, serviceProblem: null },
      });
    }
    const backend = facts.nodes.find(({ kind }) => kind === 'BACKEND');
    expect(backend).toMatchObject({
      workerId: expect.stringMatching(/^\d+$/),
      location: expect.stringMatching(/^rack:r[12]$/),
      runningQueries: 0,
    });
    expect(facts.images).toHaveLength(3);
    expect(facts.archive).toEqual({
      value: { sizeBytes: archive().sizeBytes, sha256: null, parts: null, problems: [] },
    });
  });

  it('asks for an archive at an address without fetching it, and passes nothing by that', async () => {
    const url = urlOfArchive();
    await register({ source: { kind: 'URL', location: url } });
    const facts = await observe();
    expect(facts.archive).toMatchObject({ value: { sizeBytes: archive().sizeBytes, problems: [] } });
    const checks = upgradeChecks(facts, limits);
    for (const name of ['archive-intact', 'release-contents'])
      expect(checks.find((check) => check.name === name)).toMatchObject({ status: 'SKIPPED' });
    await deleteRelease(engine.ctx.db, to, by);
    await register({ source: { kind: 'URL', location: `${url}.missing` } });
    expect(failedOf(upgradeChecks(await observe(), limits))).toContain('BLOCK archive-intact');
  });

  it('says which JAVA_HOME is too old for the frontends', async () => {
    await register({ minimumJdk: 21 });
    const jdk = upgradeChecks(await observe(), limits).find(({ name }) => name === 'jdk');
    expect(jdk).toMatchObject({
      status: 'FAIL',
      severity: 'BLOCK',
      observed: expect.stringMatching(/fe .*: 17\S* at JAVA_HOME=\/\S+/),
    });
  });

  it('stops at a backup that runs, at a table with one replica, and at a backend that is down', async () => {
    await register();
    const { database, repository } = world.describe().cluster;
    // The backup hangs in its upload until it is cancelled.
    const slow = await world.faults.add({ kind: 'upload-delay', ms: 600_000 });
    await asRoot(
      `CREATE TABLE ${database}.lonely (id INT NOT NULL) DUPLICATE KEY (id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`,
      `BACKUP SNAPSHOT ${database}.before TO ${repository}`,
    );
    await findsFailed(['BLOCK no-backup-or-restore', 'WARN single-replica-tables', ...usual]);
    await asRoot(`CANCEL BACKUP FROM ${database}`, `DROP TABLE ${database}.lonely FORCE`);
    await world.faults.remove(slow);
    await findsFailed(usual);
    await world.kill('be2');
    await expect.poll(async () => failedOf(upgradeChecks(await observe(), limits))).toContain('BLOCK nodes-alive');
    await world.start('be2');
    await findsFailed(usual);
  });

  it('goes on when a host does not answer, and blames its node alone', async () => {
    await register();
    await world.host('be3').rotateHostKey();
    const checks = upgradeChecks(await observe(), limits);
    expect(failedOf(checks)).toEqual([...usual, 'BLOCK hosts-answer']);
    const { address } = managed.host('be3');
    expect(checks.find(({ name }) => name === 'hosts-answer')?.observed).toContain(`be ${address}:`);
    const { sshPort, hostKeyFingerprint } = managed.host('be3');
    const accepted = await managed.ask('acceptHostKey', {
      clusterId,
      address,
      port: sshPort,
      fingerprint: hostKeyFingerprint,
    });
    expect(await managed.finish(accepted.id)).toMatchObject({ state: 'SUCCEEDED' });
  });
});

describe('verifyArchive', () => {
  const verified = async () => {
    const context = {
      runId: 'run_1',
      clusterId,
      signal: AbortSignal.timeout(20_000),
      now: () => new Date(),
      log: () => undefined,
      startedAt: null,
      attempts: 0,
      applied: false,
      waitingLanes: 0,
      earlier: async () => null,
    };
    const found = await verifyArchive.apply({ version: to }, engine.ctx.connections.portsFor(clusterId), context);
    if (found?.state !== 'done') throw new Error('it answers what it found');
    return archiveOf(verifyArchive.readFacts(found.facts ?? null) ?? {});
  };

  it('reads the whole file for its sum, and finds both parts in it', async () => {
    await register();
    const { sha256, sizeBytes } = archive();
    expect(await verified()).toEqual({ value: { sizeBytes, sha256, parts: ['FRONTEND', 'BACKEND'], problems: [] } });
  });

  it('fetches the archive at an address, reads all of it, and keeps it for the upgrade', async () => {
    const { sha256, sizeBytes } = archive();
    await register({ source: { kind: 'URL', location: urlOfArchive() } });
    const value = { sizeBytes, sha256, parts: ['FRONTEND', 'BACKEND'], problems: [] };
    expect(await verified()).toEqual({ value });
    // From then on a plan knows it too.
    expect((await observe()).archive).toEqual({ value });
    await deleteRelease(engine.ctx.db, to, by);
    await register({ source: { kind: 'URL', location: urlOfArchive() }, sha256: 'b'.repeat(64) });
    expect(await verified()).toMatchObject({ failed: expect.stringContaining(`sum ${sha256}, not bbbb`) });
  });

  it('tells what is wrong with a file that is no archive, and that there is none', async () => {
    const file = join(world.dir, 'noise.tar.gz');
    await writeFile(file, randomBytes(100_000));
    await register({ source: { kind: 'PATH', location: file } });
    expect(await verified()).toMatchObject({
      value: { sizeBytes: 100_000, parts: null, problems: [expect.stringMatching(/not in gzip format/)] },
    });
    await deleteRelease(engine.ctx.db, to, by);
    await register({ source: { kind: 'PATH', location: join(world.dir, 'missing.tar.gz') } });
    expect(await verified()).toMatchObject({ failed: expect.stringContaining('There is no archive to read') });
  });
});

describe('checkUpgrade', () => {
  const check = async () => {
    const run = await managed.ask('checkUpgrade', { clusterId, to });
    const ended = await managed.finish(run.id);
    expect(ended).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    const report = await engine.ctx.connections.inventory.findReport(run.id);
    return { readiness: ended.postCheck?.facts?.readiness, checks: report?.checks ?? [] };
  };

  it('leaves a report of every check, and changes nothing on cluster or hosts', async () => {
    await register({ source: { kind: 'ON_NODE', location: archive().path } });
    const { logs } = world.describe();
    const [statements, commands] = [(await logLines(logs.statements)).length, (await logLines(logs.commands)).length];
    const { readiness, checks } = await check();
    expect(readiness).toBe('WARNINGS');
    expect(failedOf(checks)).toEqual(usual);
    expect(checks.map(({ name }) => name).toSorted()).toEqual([...upgradeCheckNames].toSorted());
    const sent = (await logLines(logs.statements, statements)).map(({ text }) => String(text).trim());
    expect(sent.filter((text) => !/^(SHOW|SELECT|SET NAMES|ADMIN SHOW|SET \w+ = )/i.test(text))).toEqual([]);
    const ran = (await logLines(logs.commands, commands)).map(({ command }) => String(command));
    expect(ran.length).toBeGreaterThan(6);
    expect(ran.filter((text) => /(start|stop)_(fe|be)\.sh.*(--daemon|-g)|\b(mv|rm|mkdir)\b/.test(text))).toEqual([]);
  });

  it('compares the sum of the whole file through the worker, and blocks when it is another', async () => {
    await register();
    const intact = ({ checks }: Awaited<ReturnType<typeof check>>) =>
      checks.find(({ name }) => name === 'archive-intact');
    expect(intact(await check())).toMatchObject({
      status: 'PASS',
      observed: expect.stringContaining('checksum compared'),
    });
    await deleteRelease(engine.ctx.db, to, by);
    await register({ sha256: 'b'.repeat(64) });
    const wrong = await check();
    expect(wrong.readiness).toBe('BLOCKED');
    expect(intact(wrong)).toMatchObject({ status: 'FAIL', severity: 'BLOCK' });
  });

  it('is BLOCKED, and a success as a run, when the release is nowhere', async () => {
    const { readiness, checks } = await check();
    expect(readiness).toBe('BLOCKED');
    expect(failedOf(checks)).toEqual(['BLOCK release-registered', ...usual]);
  });

  it('says on which nodes an archive is missing that should be there', async () => {
    await register({ source: { kind: 'ON_NODE', location: '/nowhere/sr.tar.gz' } });
    const { readiness, checks } = await check();
    expect(readiness).toBe('BLOCKED');
    expect(checks.find(({ name }) => name === 'archive-intact')?.observed).toMatch(
      /fe .* does not have it; .*and 1 more/,
    );
  });
});
