import { spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeUnit } from '../../../sandbox/hosts/services.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import type { ClusterNode, Host } from '../../../src/domain/cluster.ts';
import { findWrongMachine, findWrongPlace } from '../../../src/operations/host/attach-hosts/attach-host.ts';
import { attachHosts } from '../../../src/operations/host/attach-hosts/attach-hosts.ts';
import { type AttachHostsInput, planAttachHosts } from '../../../src/operations/host/attach-hosts/plan.ts';
import { type HostFixture, startHostFixture } from '../../adapters/ssh/host-fixture.ts';
import { writeTree } from '../../adapters/ssh/release-fixture.ts';

const backend = (id: string, port: number): ClusterNode => ({
  id,
  clusterId: 'clu_1',
  kind: 'BACKEND',
  host: '10.0.0.11',
  port,
  httpPort: 8040,
  queryPort: null,
  role: null,
  alive: true,
  decommissioning: false,
  version: '3.4.1',
  startedAt: null,
  tabletCount: 0,
  maxDiskUsedPercent: null,
  location: null,
  errorMessage: null,
  observedAt: new Date(),
  hostId: null,
  deployDir: null,
  unit: null,
});

type Place = { nodeId: string; deployDir: string; unit?: string };

function plan(nodes: readonly Place[]) {
  const input: AttachHostsInput = {
    clusterId: 'clu_1',
    user: 'starrocks',
    hosts: [{ address: '10.0.0.11', port: 22, hostKeyFingerprint: 'SHA256:x', jumpPort: 22, findNodes: false, nodes }],
  };
  return planAttachHosts(input, {
    nodes: [backend('nod_1', 9050), backend('nod_2', 9051)],
    attached: [],
    hosts: [{ pinned: null, shown: 'SHA256:x', unreachable: null, machine: null }],
  });
}

it('refuses a node on the machine of another one, however that is reached: port and directory are often the same', () => {
  const [here, there] = [backend('nod_1', 9050), { ...backend('nod_2', 9050), host: '10.0.0.12' }];
  const wanted = {
    ...{ nodeId: 'nod_1', nodeHost: null, label: 'be 10.0.0.11:9050', nodePort: 9050, deployDir: '/opt/be' },
    kind: 'BACKEND' as const,
  };
  const wrongWith = (...addresses: string[]) => findWrongMachine([wanted], [here, there], { value: addresses });
  expect(wrongWith('10.0.0.12')).toMatchObject({
    why: 'is not of be 10.0.0.11:9050: that machine has the address of be 10.0.0.12:9050, and not 10.0.0.11',
  });
  expect(wrongWith('10.0.0.11', '10.0.0.12')).toBeNull();
  expect(wrongWith('192.168.1.7')).toBeNull();
  expect(findWrongMachine([wanted], [here, there], { unknown: 'no /proc' })).toBeNull();
});

describe('the ways to hosts', () => {
  type Wanted = { address: string; jumpAddress?: string };
  const attachedAt = (id: string, address: string, jumpHostId: string | null): Host => ({
    ...{ id, clusterId: 'clu_1', address, port: 22, user: 'starrocks', auth: { kind: 'agent' }, ssh: 'OK', sudo: true },
    ...{ hostKeyFingerprint: 'SHA256:x', jumpHostId, problem: null },
  });
  const refusalsOf = (hosts: readonly Wanted[], attached: readonly Host[] = []) => {
    const input = hosts.map((host) => ({
      ...{ ...host, port: 22, hostKeyFingerprint: 'SHA256:x', jumpPort: 22, findNodes: false, nodes: [] },
    }));
    const found = { pinned: null, shown: null, unreachable: null, machine: null };
    const result = planAttachHosts(
      { clusterId: 'clu_1', user: 'starrocks', hosts: input },
      { nodes: [], attached, hosts: hosts.map(() => found) },
    );
    return 'refusals' in result ? result.refusals.map(({ code, message }) => `${code} ${message}`) : [];
  };

  it('lead through no host that is reached through this one: the login that works now would be replaced by none', () => {
    const jump = attachedAt('hst_1', '10.0.0.1', null);
    const behind = attachedAt('hst_2', '10.0.0.2', 'hst_1');
    expect(refusalsOf([{ address: '10.0.0.1', jumpAddress: '10.0.0.1' }], [jump])).toEqual([
      'PRECONDITION_FAILED 10.0.0.1:22 would be reached through itself: 10.0.0.1:22',
    ]);
    expect(refusalsOf([{ address: '10.0.0.1', jumpAddress: '10.0.0.2' }], [jump, behind])).toEqual([
      'PRECONDITION_FAILED 10.0.0.1:22 would be reached through itself: 10.0.0.2:22, then 10.0.0.1:22',
    ]);
    // The other way round in one request: the one that was behind is reached directly from now on.
    const turned = [{ address: '10.0.0.2' }, { address: '10.0.0.1', jumpAddress: '10.0.0.2' }];
    expect(refusalsOf(turned, [jump, behind])).toEqual([]);
  });

  it('stand once for each host', () => {
    const twice = [{ address: '10.0.0.2', jumpAddress: '10.0.0.1' }, { address: '10.0.0.2' }];
    expect(refusalsOf(twice, [attachedAt('hst_1', '10.0.0.1', null)])).toEqual([
      'INVALID_INPUT 10.0.0.2:22 stands twice',
    ]);
  });
});

describe('the units of attached nodes', () => {
  it('are remembered as they were given; a node without one is run by its scripts', () => {
    const result = plan([
      { nodeId: 'nod_1', deployDir: '/a/be', unit: 'starrocks-be.service' },
      { nodeId: 'nod_2', deployDir: '/b/be' },
    ]);
    const attach = 'steps' in result ? result.steps.find(({ kind }) => kind === 'attachNodes') : undefined;
    expect(attach?.params.nodes).toMatchObject([{ unit: 'starrocks-be.service' }, { unit: null }]);
  });

  it('run one node each: what stops the one would stop the other', () => {
    const unit = 'starrocks-be.service';
    const result = plan([
      { nodeId: 'nod_1', deployDir: '/a/be', unit },
      { nodeId: 'nod_2', deployDir: '/b/be', unit },
    ]);
    const messages = 'refusals' in result ? result.refusals.map(({ message }) => message) : [];
    expect(messages).toContain(`${unit} runs another node of that host`);
  });

  it.each(['starrocks-be', '--now.service', 'a b.service', '*.service'])('are refused by the name %j', (unit) => {
    const { hosts, ...rest } = attachHosts.example;
    const [host] = Array.isArray(hosts) ? hosts : [];
    const nodes = [{ nodeId: 'nod_01J00000000000000000000000', deployDir: '/opt/be', unit }];
    const parsed = attachHosts.input.safeParse({ ...rest, hosts: [Object.assign({}, host, { nodes })] });
    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual(['hosts.0.nodes.0.unit']);
  });
});

describe('the look at a host', () => {
  let dir: string;
  let fixture: HostFixture;
  let ssh: Ssh;
  let deployDir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'attach-units-'));
    deployDir = join(dir, 'be');
    writeTree(deployDir, { 'bin/start_be.sh': '#!/bin/sh\n', 'conf/be.conf': 'heartbeat_service_port = 9050\n' });
    await chmod(join(deployDir, 'bin', 'start_be.sh'), 0o755);
    const units = { 'starrocks-be.service': nodeUnit({ kind: 'be', deployDir }) };
    fixture = await startHostFixture('127.0.1.79', { services: { units, sudo: 'allowed' } });
    ssh = createSsh();
  });
  afterAll(async () => {
    await ssh?.close();
    await fixture?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const look = (unit: string | null) => {
    const node = { nodeId: 'nod_1', label: 'be', nodePort: 9050, kind: 'BACKEND' as const, deployDir, unit };
    return findWrongPlace(ssh.shell(fixture.target()), [node], AbortSignal.timeout(10_000));
  };

  it('finds the unit, and the scripts where no unit is given', async () => {
    expect(await look('starrocks-be.service')).toBeNull();
    expect(await look(null)).toBeNull();
  });

  it.each<[string, number, RegExp | null]>([
    ['edit_log_port: 9011\nJAVA_HOME=/opt/starrocks/jdk-17\n', 9011, null],
    ['edit_log_port: 9011\n', 9010, /is of a frontend with port 9011, not of fe/],
    ['edit_log_port 9011', 9011, null],
    [`FE_EDIT_LOG_PORT = 9011\nedit_log_port = \${FE_EDIT_LOG_PORT}\n`, 9011, null],
    [`edit_log_port = \${FE_EDIT_LOG_PORT}\n`, 9010, /cannot be told: .*FE_EDIT_LOG_PORT/],
    ['edit_log_port = nine\n', 9010, /cannot be told: .*"nine" is no port/],
    ['query_port = 9030\n', 9010, null],
  ])('takes a directory with fe.conf %j for the node with port %d only where that is so', async (text, port, why) => {
    const place = join(dir, 'fe');
    writeTree(place, { 'bin/start_fe.sh': '#!/bin/sh\n', 'conf/fe.conf': text });
    await chmod(join(place, 'bin', 'start_fe.sh'), 0o755);
    const node = {
      nodeId: 'nod_1',
      label: 'fe',
      nodePort: port,
      kind: 'FRONTEND' as const,
      deployDir: place,
      unit: null,
    };
    const wrong = await findWrongPlace(ssh.shell(fixture.target()), [node], AbortSignal.timeout(10_000));
    if (why === null) expect(wrong).toBeNull();
    else expect(wrong?.why).toMatch(why);
  });

  it('asks the process of the node for a variable that the file leaves open, and refuses a file that is not there', async () => {
    const place = join(dir, 'running', 'fe');
    writeTree(place, { 'bin/start_fe.sh': '#!/bin/sh\n', 'conf/fe.conf': `edit_log_port = \${FE_EDIT_LOG_PORT}\n` });
    await chmod(join(place, 'bin', 'start_fe.sh'), 0o755);
    const node = {
      nodeId: 'nod_1',
      label: 'fe',
      nodePort: 9011,
      kind: 'FRONTEND' as const,
      deployDir: place,
      unit: null,
    };
    const look = () => findWrongPlace(ssh.shell(fixture.target()), [node], AbortSignal.timeout(10_000));
    const program = `require('fs').writeFileSync('/proc/self/comm', 'java'); setTimeout(() => {}, 60000)`;
    const env = { STARROCKS_HOME: place, FE_EDIT_LOG_PORT: '9011' };
    const running = spawn(process.execPath, ['-e', program], { env, stdio: 'ignore' });
    try {
      await expect.poll(look, { timeout: 10_000 }).toBeNull();
    } finally {
      running.kill('SIGKILL');
    }
    await rm(join(place, 'conf', 'fe.conf'));
    expect((await look())?.why).toMatch(/cannot be told: .*fe.conf cannot be read/);
  });

  it('finds that systemd does not know the unit', async () => {
    expect(await look('starrocks-fe.service')).toMatchObject({
      what: 'starrocks-fe.service',
      why: 'is no unit that systemd has loaded',
    });
  });
});
