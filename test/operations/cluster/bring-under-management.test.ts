import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKeyPair } from '../../../sandbox/hosts/key-pair.ts';
import { connectSql } from '../../../sandbox/world/sql.ts';
import { startWorld, type World } from '../../../sandbox/world/start-world.ts';
import { verifyHost } from '../../../src/operations/host/attach-hosts/attach-host.ts';
import { cancelRun, retryRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { listHosts } from '../../../src/store/clusters/hosts.ts';
import { listNodes } from '../../../src/store/clusters/inventory.ts';
import { ageStep } from '../../helpers/age-step.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { type Managed, manage } from '../../helpers/world.ts';
import { hostsOf, listOf, loadForEver, withDir } from './host-inputs.ts';

/* registerCluster, attachHosts, checkCluster and unregisterCluster on one cluster, in the order in which they are used. */

let world: World;
let engine: Engine;
let managed: Managed;
let clusterId: string;

beforeAll(async () => {
  world = await startWorld({ starwarden: false, slack: false, speed: 20 });
  engine = await startEngine();
  managed = manage(world, engine);
});

afterAll(async () => {
  await engine?.close();
  await world?.stop();
});

const ask = (operation: string, input: Record<string, unknown>, options = {}) =>
  submit(engine.ctx.engine, { operation, input, actor: admin, options });

async function refusalsOf(operation: string, input: Record<string, unknown>): Promise<string[]> {
  return (await ask(operation, input)).userErrors.map(({ code, message }) => `${code} ${message}`);
}

const secretIds = async () => (await engine.ctx.db.selectFrom('secret').select('id').execute()).map((row) => row.id);

describe('registerCluster', () => {
  it('refuses a wrong password, and keeps nothing of it', async () => {
    const input = { ...managed.registration('wrong'), password: 'canary-9f2c' };
    const [refusal] = await refusalsOf('registerCluster', input);
    expect(refusal).toMatch(/^SQL_AUTH_FAILED/);
    expect(refusal).not.toContain('canary-9f2c');
    expect(await secretIds()).toEqual([]);
  });

  it('refuses a user who may not look at the cluster, and names the privilege', async () => {
    const [frontend] = world.describe().cluster.frontends;
    if (frontend === undefined) throw new Error('no frontend');
    const root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
    await root.query(`CREATE USER 'weak'@'%' IDENTIFIED BY 'weak-password'`);
    root.close();
    const input = { ...managed.registration('weak'), sqlUser: 'weak', password: 'weak-password' };
    expect(await refusalsOf('registerCluster', input)).toEqual([expect.stringMatching(/^SQL_PRIVILEGE_MISSING/)]);
    expect(await secretIds()).toEqual([]);
  });

  it('keeps no password of a registration that is cancelled before it begins', async () => {
    const run = await managed.ask('registerCluster', managed.registration('never'));
    expect(await secretIds()).toHaveLength(1);
    await cancelRun(engine.ctx.engine, { runId: run.id, actor: admin });
    expect(await secretIds()).toEqual([]);
    await expect(retryRun(engine.ctx.engine, { runId: run.id, actor: admin })).rejects.toMatchObject({
      code: 'CREDENTIAL_MISSING',
    });
  });

  it('uses the password of the first try when it is asked for again, and forgets it with the cluster', async () => {
    const first = await managed.ask('registerCluster', managed.registration('again'));
    // As if an older version of the program had planned it.
    await engine.ctx.db.updateTable('run').set({ operation_version: 0 }).where('id', '=', first.id).execute();
    expect(await managed.finish(first.id)).toMatchObject({ state: 'FAILED', failure: { code: 'PLAN_STALE' } });
    const second = await retryRun(engine.ctx.engine, { runId: first.id, actor: admin });
    expect(await managed.finish(second.id)).toMatchObject({ state: 'SUCCEEDED', retryOf: first.id });
    const forget = await managed.ask('unregisterCluster', { clusterId: second.clusterId });
    expect(await managed.finish(forget.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await secretIds()).toEqual([]);
  });

  it('never manages one cluster under two names, asked at the same time', async () => {
    const runs = [
      await managed.ask('registerCluster', managed.registration('twin-a')),
      await managed.ask('registerCluster', managed.registration('twin-b')),
    ];
    const worker = engine.work();
    const ended = await Promise.all(runs.map((run) => engine.until(run.id)));
    const failed = ended.filter((run) => run.state === 'FAILED');
    expect(failed.length).toBeGreaterThan(0);
    for (const run of failed) expect(run.failure?.message).toMatch(/managed-once is also managed as twin-[ab]/);
    for (const run of runs)
      await engine.until((await managed.ask('unregisterCluster', { clusterId: run.clusterId })).id);
    await worker.stop();
    expect(await secretIds()).toEqual([]);
  });

  it('takes a cluster with a frontend down, says so, and refuses the same cluster under another name', async () => {
    const pid = await world.kill('fe3');
    expect(pid).toBeGreaterThan(0);
    const dry = async () => (await ask('registerCluster', managed.registration('one'), { dryRun: true })).plan?.notes;
    await expect.poll(dry).toContainEqual(expect.stringContaining('is not alive'));
    clusterId = await managed.register('one');
    const nodes = await listNodes(engine.ctx.db, clusterId);
    expect(nodes).toHaveLength(6);
    expect(nodes.filter((node) => !node.alive).map((node) => node.host)).toEqual([managed.host('fe3').address]);
    expect(await refusalsOf('registerCluster', managed.registration('other'))).toEqual([
      'ALREADY_EXISTS This cluster is registered already, as one',
    ]);
    await world.start('fe3');
  });
});

describe('adoptCluster', () => {
  const forget = async (id: string) =>
    expect(await managed.finish((await managed.ask('unregisterCluster', { clusterId: id })).id)).toMatchObject({
      state: 'SUCCEEDED',
    });

  it('refuses keys that nobody vouched for, all in one refusal, and keeps nothing', async () => {
    await forget(clusterId);
    const input = await managed.adoption('adopted');
    const before = await secretIds();
    const refused = await refusalsOf('adoptCluster', { ...input, hostKeys: [] });
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/^HOST_KEY_UNKNOWN/);
    for (const { address, hostKeyFingerprint } of world.describe().hosts) {
      expect(refused[0]).toContain(`${address} ${hostKeyFingerprint}`);
    }
    expect(await secretIds()).toEqual(before);
  });

  it('goes on without a host that does not answer, says what stays without it, and manages the rest', async () => {
    await world.host('be3').refuse();
    const [jump, behind] = [managed.host('be1'), managed.host('be2')];
    const through = { nodeHost: behind.address, jumpAddress: jump.address, jumpPort: jump.sshPort };
    const input = { ...(await managed.adoption('adopted')), addresses: [through] };
    const run = await managed.finish((await managed.ask('adoptCluster', input)).id);
    await world.host('be3').accept();
    expect(run).toMatchObject({ state: 'SUCCEEDED', postCheck: { facts: { capability: 'SQL_ONLY' } } });
    const nodes = await listNodes(engine.ctx.db, run.clusterId);
    const dirs = nodes.map(({ host, deployDir }) => [host, deployDir]);
    const wanted = world
      .describe()
      .hosts.map(({ name, address, deployDirs }) => [
        address,
        name === 'be3' ? null : (deployDirs.fe ?? deployDirs.be ?? deployDirs.cn),
      ]);
    expect(dirs.toSorted(), run.plan.notes.join('\n')).toEqual(wanted.toSorted());
    expect(run.plan.notes).toContainEqual(expect.stringMatching(/is left out: .* without it stay be /));
    const hosts = await listHosts(engine.ctx.db, run.clusterId);
    const ways = hosts.map(({ id, address, jumpHostId }) => ({ id, address, jumpHostId }));
    expect(ways.filter(({ jumpHostId }) => jumpHostId !== null)).toMatchObject([
      { address: behind.address, jumpHostId: ways.find(({ address }) => address === jump.address)?.id },
    ]);
    await forget(run.clusterId);
    clusterId = await managed.register('one');
  });
});

describe('attachHosts', () => {
  it('refuses a key that nobody vouched for, shows it, and refuses a host that shows another one', async () => {
    const input = await managed.attachInput(clusterId, ['be1']);
    const [host] = hostsOf(input);
    const { hostKeyFingerprint, ...unvouched } = host ?? {};
    const [unknown] = await refusalsOf('attachHosts', { ...input, hosts: [unvouched] });
    expect(unknown).toMatch(/^HOST_KEY_UNKNOWN/);
    expect(unknown).toContain(String(hostKeyFingerprint));
    const wrong = { ...host, hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` };
    expect(await refusalsOf('attachHosts', { ...input, hosts: [wrong] })).toEqual([
      expect.stringMatching(/^HOST_KEY_CHANGED/),
    ]);
  });

  it('refuses a node in two places, and two nodes in one directory', async () => {
    const input = await managed.attachInput(clusterId, ['be1', 'be2']);
    const [first, second] = hostsOf(input);
    const twice = { ...second, nodes: first?.nodes };
    expect(await refusalsOf('attachHosts', { ...input, hosts: [first, twice] })).toContainEqual(
      expect.stringMatching(/^INVALID_INPUT nod_\w+ stands twice/),
    );
    const both = { ...first, nodes: [...listOf(first?.nodes), ...listOf(second?.nodes)].map((node) => withDir(node)) };
    expect(await refusalsOf('attachHosts', { ...input, hosts: [both] })).toContainEqual(
      expect.stringMatching(/^INVALID_INPUT \/one\/dir holds another node of that kind/),
    );
  });

  it('refuses a node on the host of another one', async () => {
    const input = await managed.attachInput(clusterId, ['be1', 'be2']);
    const [first, second] = hostsOf(input);
    expect(await refusalsOf('attachHosts', { ...input, hosts: [{ ...first, nodes: second?.nodes }] })).toContainEqual(
      expect.stringMatching(/^INVALID_INPUT \S+ is where be \S+:9050 runs, not be \S+:9050/),
    );
  });

  it('fails when the conf file of a directory has the port of another node, and ties nothing', async () => {
    const input = await managed.attachInput(clusterId, ['be3']);
    const conf = `${managed.host('be3').deployDirs.be}/conf/be.conf`;
    const text = await readFile(conf, 'utf8');
    await writeFile(conf, `${text}\nheartbeat_service_port = 9059\n`);
    const run = await managed.finish((await managed.ask('attachHosts', input)).id);
    await writeFile(conf, text);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { message: expect.stringContaining('with port 9059, not of be ') },
    });
    expect((await listNodes(engine.ctx.db, clusterId)).every((node) => node.hostId === null)).toBe(true);
  });

  it('fails when a directory does not hold the node, and ties nothing', async () => {
    const input = await managed.attachInput(clusterId, ['be1']);
    const [host] = hostsOf(input);
    const hosts = [{ ...host, nodes: listOf(host?.nodes).map((node) => withDir(node)) }];
    const run = await managed.finish((await managed.ask('attachHosts', { ...input, hosts })).id);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'PRECONDITION_FAILED', message: expect.stringContaining('/one/dir') },
    });
    expect((await listNodes(engine.ctx.db, clusterId)).every((node) => node.hostId === null)).toBe(true);
  });

  it('refuses a key that nobody can use before anything is recorded, and does not show it', async () => {
    const input = await managed.attachInput(clusterId, ['be1']);
    const stranger = await makeKeyPair(join(world.describe().dir, 'stranger'), { passphrase: 'secret' });
    const before = await secretIds();
    for (const [privateKey, reason] of [
      [stranger.publicKey, 'This is a public key'],
      [await readFile(stranger.privateKeyFile, 'utf8'), 'protected by a passphrase'],
      ['PuTTY-User-Key-File-3: ssh-ed25519', "in PuTTY's format"],
      ['hunter2', 'not a private key'],
    ]) {
      const result = await ask('attachHosts', { ...input, privateKey });
      expect(result).toMatchObject({
        run: null,
        userErrors: [{ code: 'INVALID_INPUT', message: expect.stringContaining(reason ?? '') }],
      });
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
    expect(await secretIds()).toEqual(before);
  });

  it('keeps a login that works until the new one has been tried', async () => {
    const stranger = await makeKeyPair(join(world.describe().dir, 'stranger'));
    const input = await managed.attachInput(clusterId, ['be1']);
    const first = await managed.finish((await managed.ask('attachHosts', { ...input, hosts: hostsOf(input) })).id);
    expect(first).toMatchObject({ state: 'SUCCEEDED', failure: null });
    const { address, sshPort } = managed.host('be1');
    const { inventory, shell } = engine.ctx.connections;
    const before = await inventory.findHostByAddress(clusterId, address, sshPort);
    const privateKey = await readFile(stranger.privateKeyFile, 'utf8');
    const run = await managed.finish((await managed.ask('attachHosts', { ...input, privateKey })).id);
    expect(run).toMatchObject({ state: 'FAILED', failure: { code: 'SSH_AUTH_FAILED' } });
    expect(await inventory.findHostByAddress(clusterId, address, sshPort)).toEqual(before);
    const session = await shell(before?.id ?? '');
    expect((await session.run({ name: 'test', text: 'echo in', effect: 'read' })).stdout).toBe('in\n');
  });

  it('looks again at directories on a host that is attached already', async () => {
    const run = await managed.ask('attachHosts', await managed.attachInput(clusterId, ['be1', 'be2']));
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    const { address, sshPort } = managed.host('be1');
    const node = { nodeId: 'nod_any', label: 'be', nodePort: 9050, kind: 'BACKEND', deployDir: '/one/dir' } as const;
    const look = (deployDir: string) =>
      verifyHost.check(
        { address, port: sshPort, nodes: [{ ...node, deployDir }] },
        engine.ctx.connections.portsFor(clusterId),
        {
          runId: 'run_any',
          clusterId,
          signal: AbortSignal.timeout(10_000),
          now: () => new Date(),
          log: () => {},
          startedAt: null,
          attempts: 0,
          applied: false,
          waitingLanes: 0,
          earlier: async () => null,
        },
      );
    expect(await look(managed.host('be1').deployDirs.be ?? '')).toMatchObject({ state: 'done' });
    expect(await look('/one/dir')).toEqual({ state: 'todo' });
  });

  it('finds directories by the running processes, shows them in the plan, and ties what was shown', async () => {
    await using _another = await loadForEver();
    const input = await managed.attachInput(clusterId, ['be1', 'fe1']);
    const hosts = hostsOf(input).map(({ nodes: _nodes, ...host }) => ({ ...host, findNodes: true }));
    const dry = await ask('attachHosts', { ...input, hosts }, { dryRun: true });
    const places = { fe1: managed.host('fe1').deployDirs.fe, be1: managed.host('be1').deployDirs.be };
    for (const dir of Object.values(places)) {
      expect(dry.plan?.notes).toContainEqual(
        expect.stringMatching(`^Found on .* in ${dir}, run by StarRocks' own scripts`),
      );
    }
    const options = { planHash: dry.plan?.hash ?? null };
    const { run, userErrors } = await ask('attachHosts', { ...input, hosts }, options);
    expect(userErrors).toEqual([]);
    expect(await managed.finish(run?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    for (const name of ['fe1', 'be1'] as const) {
      const node = await engine.ctx.connections.inventory.findNode(await managed.nodeIdOf(clusterId, name));
      expect(node).toMatchObject({ deployDir: places[name], unit: null, hostId: expect.any(String) });
    }
  });

  it('refuses a node that it was to find and that does not run, and says why', async () => {
    const input = await managed.attachInput(clusterId, ['be3']);
    const hosts = hostsOf(input).map((host) => ({
      ...host,
      nodes: listOf(host.nodes).map(({ nodeId }) => ({ nodeId })),
    }));
    await world.kill('be3');
    const refused = () => refusalsOf('attachHosts', { ...input, hosts });
    await expect.poll(refused).toEqual([expect.stringMatching(/^PRECONDITION_FAILED be \S+:9050: /)]);
    await world.start('be3');
  });

  it('attaches the others when one host does not answer, and says which one failed', async () => {
    const input = await managed.attachInput(clusterId, ['be2', 'be3']);
    const [first, second] = hostsOf(input);
    const dead = { ...second, address: '127.255.255.254', nodes: [] };
    const { id } = await managed.ask('attachHosts', { ...input, hosts: [dead, first] });
    // It is tried for a minute, of which it has all but a few seconds behind it.
    const [run] = await Promise.all([
      managed.finish(id),
      ageStep(engine, id, { kind: 'recordHost', title: dead.address, seconds: 55 }),
    ]);
    expect(run).toMatchObject({ state: 'FAILED', failure: { message: expect.stringContaining('127.255.255.254') } });
    const node = await engine.ctx.connections.inventory.findNode(await managed.nodeIdOf(clusterId, 'be2'));
    expect(node?.hostId).toEqual(expect.any(String));
  });

  it('destroys a key when no host logs in with it any more', async () => {
    const before = await secretIds();
    for (const names of [['be1', 'be2'], ['be1'], ['be2']]) {
      const run = await managed.ask('attachHosts', await managed.attachInput(clusterId, names));
      expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    }
    const refs = (await engine.ctx.db.selectFrom('host').select('auth').execute()).map((row) => row.auth).join(' ');
    const kept = (await secretIds()).filter((id) => !before.includes(id));
    expect(kept).toHaveLength(2);
    for (const id of kept) expect(refs).toContain(id);
  });
});

describe('checkCluster', () => {
  it('fails when the cluster does not answer, keeps the report that says so, and looks again in a retry', async () => {
    await world.faults.add({ kind: 'sql-drop-before' });
    const { inventory } = engine.ctx.connections;
    const unseen = [{ name: 'reachable', status: 'FAIL', severity: 'BLOCK' }];
    for (const [operation, input] of [
      ['checkCluster', { clusterId }],
      ['checkUpgrade', { clusterId, to: '3.5.0' }],
    ] as const) {
      const run = await managed.finish((await managed.ask(operation, input)).id);
      expect(run).toMatchObject({
        state: 'FAILED',
        failure: {
          code: 'SQL_UNREACHABLE',
          message: expect.stringContaining('The cluster could not be looked at: '),
        },
        postCheck: { passed: false, checks: unseen },
      });
      expect((await inventory.findReport(run.id))?.checks).toMatchObject(unseen);
    }
    const failed = await managed.finish((await managed.ask('checkCluster', { clusterId })).id);
    await world.faults.clear();
    await retryRun(engine.ctx.engine, { runId: failed.id, actor: admin });
    const again = await managed.finish(failed.id);
    expect(again).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    expect(again.postCheck?.checks.map(({ name }) => name)).toContain('leader');
    expect((await inventory.findReport(again.id))?.checks).toEqual(again.postCheck?.checks);
  });

  it('reports what is wrong, and succeeds in reporting', async () => {
    await world.kill('be3');
    await world.host('be2').refuse();
    const check = async () => {
      const run = await managed.finish((await managed.ask('checkCluster', { clusterId })).id);
      expect(run.state).toBe('SUCCEEDED');
      const failed = run.postCheck?.checks.filter((one) => one.status === 'FAIL') ?? [];
      return failed.map((one) => `${one.name}: ${one.observed}`).join('\n');
    };
    await expect.poll(check).toContain(managed.host('be3').address);
    expect(await check()).toContain(`${managed.host('be2').address}:${managed.host('be2').sshPort}`);
    await world.host('be2').accept();
    await world.start('be3');
  });
});

describe('updateCluster', () => {
  const row = async () => {
    const cluster = await engine.ctx.connections.inventory.findCluster(clusterId);
    if (cluster === null) throw new Error('the cluster is gone');
    return cluster;
  };

  it('refuses a login that does not work, keeps the old one, and forgets the new one', async () => {
    const before = await row();
    const secrets = await secretIds();
    expect(await refusalsOf('updateCluster', { clusterId, password: 'canary-77aa' })).toEqual([
      expect.stringMatching(/^SQL_AUTH_FAILED/),
    ]);
    expect(await refusalsOf('updateCluster', { clusterId, sqlUser: 'nobody' })).toEqual([
      expect.stringMatching(/^SQL_AUTH_FAILED/),
    ]);
    expect(await refusalsOf('updateCluster', { clusterId, frontends: [{ host: '127.0.0.1', port: 1 }] })).toEqual([
      expect.stringMatching(/^SQL_UNREACHABLE/),
    ]);
    expect(await row()).toEqual(before);
    expect(await secretIds()).toEqual(secrets);
  });

  it('proves a new user and password, then uses them, and destroys the password from before', async () => {
    const [frontend] = world.describe().cluster.frontends;
    if (frontend === undefined) throw new Error('no frontend');
    const root = await connectSql({ host: frontend.host, port: frontend.queryPort, user: 'root', password: '' });
    await root.query(`CREATE USER 'warden2'@'%' IDENTIFIED BY 'second-password' DEFAULT ROLE root`);
    root.close();
    const before = await row();
    const run = await managed.ask('updateCluster', { clusterId, sqlUser: 'warden2', password: 'second-password' });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED', postCheck: { passed: true } });
    const after = await row();
    expect(after).toMatchObject({ name: 'one', sqlUser: 'warden2' });
    expect(await secretIds()).not.toContain(before.passwordRef.replace('secret:', ''));
    const check = await managed.finish((await managed.ask('refreshCluster', { clusterId })).id);
    expect(check.state).toBe('SUCCEEDED');
  });

  it('renames and relabels, says what follows for approvals, and refuses what changes nothing', async () => {
    const dry = async (input: object) =>
      (await ask('updateCluster', { clusterId, ...input }, { dryRun: true })).plan?.notes;
    expect(await dry({ environment: 'prod' })).toContain('In prod another person has to approve what affects service');
    expect(await dry({ environment: 'production' })).toContainEqual(
      expect.stringContaining('production looks like production, but nobody has to approve what is done there'),
    );
    const run = await managed.ask('updateCluster', { clusterId, name: 'one-b', environment: 'staging' });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await row()).toMatchObject({ name: 'one-b', environment: 'staging', sqlUser: 'warden2' });
    expect(await refusalsOf('updateCluster', { clusterId, name: 'one-b' })).toEqual([
      'INVALID_INPUT one-b is called and reached like that already',
    ]);
  });
});

describe('detachHost', () => {
  it('forgets login and key, says which nodes it can no longer start, and refuses what is not attached', async () => {
    const { address, sshPort } = managed.host('be1');
    expect(await refusalsOf('detachHost', { clusterId, address: '192.0.2.9' })).toEqual([
      'NOT_FOUND 192.0.2.9:22 is not attached',
    ]);
    const { plan } = await ask('detachHost', { clusterId, address, port: sshPort }, { dryRun: true });
    expect(plan?.notes).toContainEqual(expect.stringContaining(`can no longer start, stop or upgrade ${address}:`));
    const run = await managed.ask('detachHost', { clusterId, address, port: sshPort });
    expect(await managed.finish(run.id)).toMatchObject({ state: 'SUCCEEDED' });
    const { inventory } = engine.ctx.connections;
    expect(await inventory.findHostByAddress(clusterId, address, sshPort)).toBeNull();
    expect(await inventory.findPinnedKey(clusterId, address, sshPort)).toBeNull();
    const node = (await inventory.listNodes(clusterId)).find(({ host }) => host === address);
    expect(node).toMatchObject({ hostId: null, deployDir: null });
  });
});

describe('unregisterCluster', () => {
  it('forgets every secret, and answers the same run when it is asked again with the same key', async () => {
    const again = () => ask('unregisterCluster', { clusterId }, { idempotencyKey: 'forget-one' });
    const { run } = await again();
    expect(await managed.finish(run?.id ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    expect(await secretIds()).toEqual([]);
    expect(await again()).toMatchObject({ replayed: true, run: { id: run?.id }, userErrors: [] });
  });
});
