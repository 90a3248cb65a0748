import { describe, expect, it } from 'vitest';
import { parseMachine } from '../../../src/adapters/ssh/survey-answers.ts';
import type { Host } from '../../../src/domain/cluster.ts';
import type { NodeOnMachine } from '../../../src/domain/deploy/host-survey.ts';
import type { MachineFacts } from '../../../src/operations/cluster/adopt-cluster/look-at-machines.ts';
import { type AdoptClusterInput, planAdoptCluster } from '../../../src/operations/cluster/adopt-cluster/plan.ts';
import { checkAdoptEnd } from '../../../src/operations/cluster/adopt-cluster/post-check.ts';
import { vouchedFor, waysTo } from '../../../src/operations/cluster/adopt-cluster/ways.ts';

const node = (host: string) => ({
  ...{ kind: 'BACKEND' as const, host, port: 9050, httpPort: 8040, queryPort: null, role: null, alive: true },
  ...{ decommissioning: false, version: '3.4.6', startedAt: null, tabletCount: 0, maxDiskUsedPercent: null },
  ...{ errorMessage: null, location: null },
});

const input: AdoptClusterInput = {
  ...{ name: 'prod', environment: 'dev', frontends: [{ host: '10.0.0.1', port: 9030 }], sqlUser: 'sw', password: 'x' },
  ...{ user: 'sr', sshPort: 22, jumpPort: 22, addresses: [], hostKeys: [] },
};

const running: NodeOnMachine = {
  ...{ kind: 'BACKEND', pid: 10, user: 'sr', boundTo: { value: ['0.0.0.0'] }, deployDir: { value: '/opt/be' } },
  ...{ unit: { value: null }, ports: new Map([['heartbeat_service_port', { value: 9050 }]]), dataDirs: { value: [] } },
};

const { isVirtual: _virtual, ...bare } = parseMachine('user=sr\n');
const machine = (address: string, fields: Partial<MachineFacts> = {}): MachineFacts => ({
  ...{ address, port: 22, jump: null, nodeHosts: [address], shown: { value: 'SHA256:a' }, accepted: 'SHA256:a' },
  machine: {
    value: {
      ...bare,
      ...{ sudo: true, missingTools: [], clock: { unknown: '' }, java: { value: [] }, listening: { value: [] } },
      ...{ nodes: { value: [running] }, visibleNodes: [running], places: [], paths: new Map() },
    },
  },
  ...fields,
});

function plan(machines: MachineFacts[], given: Partial<AdoptClusterInput> = {}, nameTaken = false) {
  const cluster = {
    ...{ nameTaken, nodes: machines.flatMap(({ nodeHosts }) => nodeHosts.map(node)), managedAs: [], listProblems: [] },
    approvalEnvironments: [],
  };
  return planAdoptCluster({ ...input, ...given }, { cluster, machines });
}

const refusalsOf = (result: ReturnType<typeof plan>) =>
  'refusals' in result ? result.refusals.map(({ code, message }) => `${code} ${message}`) : [];

describe('adoptCluster', () => {
  it('registers, then brings each host in by a lane of its own', () => {
    const result = plan([machine('10.0.0.11'), machine('10.0.0.12')]);
    const steps = 'steps' in result ? result.steps.map(({ kind, lane }) => `${kind} ${lane?.name ?? ''}`.trim()) : [];
    const lane = (name: string) =>
      ['recordHost', 'pinHostKey', 'verifyHost', 'attachNodes'].map((kind) => `${kind} ${name}`);
    expect(steps).toEqual(['recordCluster', 'saveTopology', ...lane('10.0.0.11:22'), ...lane('10.0.0.12:22')]);
  });

  it('refuses keys that nobody vouched for, all at once, and a key that is another one', () => {
    const open = { accepted: null, machine: null };
    expect(refusalsOf(plan([machine('a', open), machine('b', { ...open, shown: { value: 'SHA256:b' } })]))).toEqual([
      'HOST_KEY_UNKNOWN Nobody has vouched for 2 SSH keys: a SHA256:a, b SHA256:b',
    ]);
    expect(refusalsOf(plan([machine('a', { accepted: 'SHA256:x', machine: null })]))).toEqual([
      expect.stringMatching(/^HOST_KEY_CHANGED a:22 shows the SSH key SHA256:a, but SHA256:x/),
    ]);
  });

  it.each<[string, Partial<MachineFacts>, RegExp]>([
    [
      'does not answer',
      { shown: { unknown: 'refused' }, machine: null },
      /10.0.0.12:22 is left out: refused; .* stay be 10.0.0.12:9050/,
    ],
    ['lets nobody in', { machine: { unknown: 'wrong key' } }, /10.0.0.12:22 is left out: wrong key/],
  ])('goes on without a host that %s, and says what stays without it', (_what, fields, note) => {
    const result = plan([machine('10.0.0.11'), machine('10.0.0.12', fields)]);
    const lanes = 'steps' in result ? new Set(result.steps.flatMap(({ lane }) => lane?.name ?? [])) : new Set();
    expect([...lanes]).toEqual(['10.0.0.11:22']);
    expect('notes' in result ? result.notes : []).toContainEqual(expect.stringMatching(note));
  });

  it('refuses a name that is taken, and what leads to no node', () => {
    expect(refusalsOf(plan([machine('a')], {}, true))).toEqual([expect.stringMatching(/^ALREADY_EXISTS/)]);
    const key = { address: 'nowhere', fingerprint: 'SHA256:a' };
    expect(refusalsOf(plan([machine('a')], { hostKeys: [key] }))).toEqual([
      expect.stringMatching(/^INVALID_INPUT .*nowhere/),
    ]);
    const addresses = [{ nodeHost: 'nowhere', address: 'a', jumpPort: 22 }];
    expect(refusalsOf(plan([machine('a')], { addresses }))).toEqual([
      expect.stringMatching(/^INVALID_INPUT .*nowhere/),
    ]);
  });
});

it('ties no two nodes to one process, whatever address was typed for both hosts', () => {
  const addresses = [{ nodeHost: '10.0.0.11', address: '10.0.0.12', jumpPort: 22 }];
  const result = plan([machine('10.0.0.12', { nodeHosts: ['10.0.0.11', '10.0.0.12'] })], { addresses });
  expect('steps' in result ? result.steps.map(({ kind }) => kind) : []).not.toContain('attachNodes');
  expect('steps' in result ? result.notes?.join('\n') : '').toMatch(/10\.0\.0\.11:9050: one process may be it or/);
});

describe('the ways to the hosts of a cluster', () => {
  const hosts = ['10.0.0.11', '10.0.0.12', '10.0.0.11'];
  const ways = (given: Partial<AdoptClusterInput>) =>
    waysTo({ ...input, ...given }, hosts).map(({ address, port, jump, nodeHosts }) => ({
      at: `${address}:${port}`,
      through: jump === null ? null : `${jump.address}:${jump.port}`,
      nodeHosts,
    }));

  it('lead to each once, by its own port, through its own jump host, which comes first', () => {
    const addresses = [{ nodeHost: '10.0.0.12', address: 'nat', port: 2212, jumpAddress: 'bastion', jumpPort: 2200 }];
    expect(ways({ addresses })).toEqual([
      { at: 'bastion:2200', through: null, nodeHosts: [] },
      { at: '10.0.0.11:22', through: null, nodeHosts: ['10.0.0.11'] },
      { at: 'nat:2212', through: 'bastion:2200', nodeHosts: ['10.0.0.12'] },
    ]);
  });

  it('go all through the jump host that is given for all, but for itself', () => {
    expect(ways({ jumpAddress: '10.0.0.11' })).toEqual([
      { at: '10.0.0.11:22', through: null, nodeHosts: ['10.0.0.11'] },
      { at: '10.0.0.12:22', through: '10.0.0.11:22', nodeHosts: ['10.0.0.12'] },
    ]);
  });

  it('tell apart machines that are forwarded to by ports of one address, and their keys', () => {
    const at = (nodeHost: string, port: number) => ({ nodeHost, address: 'nat', port, jumpPort: 22 });
    const addresses = [at('10.0.0.11', 2211), at('10.0.0.12', 2212)];
    expect(ways({ addresses }).map(({ at, nodeHosts }) => [at, nodeHosts])).toEqual([
      ['nat:2211', ['10.0.0.11']],
      ['nat:2212', ['10.0.0.12']],
    ]);
    const hostKeys = [
      { address: 'nat', port: 2211, fingerprint: 'SHA256:a' },
      { address: 'nat', fingerprint: 'SHA256:b' },
    ];
    const vouched = (port: number) => vouchedFor({ ...input, hostKeys }, { address: 'nat', port });
    expect([2211, 2212, 22].map(vouched)).toEqual(['SHA256:a', null, 'SHA256:b']);
  });
});

describe('adoptCluster through a jump host', () => {
  const jump = { address: 'bastion', port: 22 };
  const bastion = (fields: Partial<MachineFacts> = {}) => machine('bastion', { nodeHosts: [], ...fields });
  const behind = (fields: Partial<MachineFacts> = {}) => machine('10.0.0.12', { jump, ...fields });

  it('attaches it first and without a lane, since the others need it', () => {
    const result = plan([bastion(), behind()], { jumpAddress: 'bastion' });
    if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
    expect(result.steps.map(({ kind, lane }) => `${kind} ${lane?.name ?? '-'}`)).toEqual([
      ...['recordCluster -', 'saveTopology -', 'recordHost -', 'pinHostKey -', 'verifyHost -'],
      ...['recordHost', 'pinHostKey', 'verifyHost', 'attachNodes'].map((kind) => `${kind} 10.0.0.12:22`),
    ]);
    const recorded = result.steps.filter(({ kind }) => kind === 'recordHost').map(({ params }) => params.jump);
    expect(recorded).toEqual([null, jump]);
    expect(result.summary).toContain('1 node of 1 found on 1 of 1 host');
    expect(result.notes).toContainEqual(expect.stringMatching(/^bastion:22 is only the way to others/));
  });

  it('refuses its key first, and says that the others can be seen only then', () => {
    const closed = { shown: { unknown: 'nobody goes through' }, accepted: null, machine: null };
    const machines = [bastion({ accepted: null, machine: null }), behind(closed)];
    expect(refusalsOf(plan(machines, { jumpAddress: 'bastion' }))).toEqual([
      'HOST_KEY_UNKNOWN Nobody has vouched for 1 SSH key: bastion SHA256:a; 1 host behind jump hosts among these can show a key only once that is done',
    ]);
  });

  it('refuses a jump host that would be reached through another one, and one machine in two ways', () => {
    const addresses = [
      { nodeHost: '10.0.0.11', jumpAddress: 'bastion', jumpPort: 22 },
      { nodeHost: '10.0.0.12', jumpAddress: '10.0.0.11', jumpPort: 22 },
    ];
    const machines = [
      bastion(),
      machine('10.0.0.11'),
      machine('10.0.0.12', { jump: { address: '10.0.0.11', port: 22 } }),
    ];
    expect(refusalsOf(plan(machines, { addresses }))).toEqual([
      expect.stringMatching(/^INVALID_INPUT 10\.0\.0\.11 is a jump host, and would be reached through bastion itself/),
    ]);
    const twoWays = [
      { nodeHost: '10.0.0.11', address: 'nat', jumpAddress: 'a', jumpPort: 22 },
      { nodeHost: '10.0.0.12', address: 'nat', jumpAddress: 'b', jumpPort: 22 },
    ];
    const nat = machine('nat', { nodeHosts: ['10.0.0.11', '10.0.0.12'], jump: { address: 'a', port: 22 } });
    expect(
      refusalsOf(plan([bastion({ address: 'a' }), bastion({ address: 'b' }), nat], { addresses: twoWays })),
    ).toEqual([expect.stringMatching(/^INVALID_INPUT nat would be reached in two ways/)]);
  });
});

const hostOf = (id: string): Host => ({
  ...{ id, clusterId: 'clu_1', address: '10.0.0.11', port: 22, user: 'sr', auth: { kind: 'agent' } },
  ...{ hostKeyFingerprint: 'SHA256:a', jumpHostId: null, ssh: 'OK', sudo: true, problem: null },
});

describe('an adoption that ends otherwise', () => {
  it('says of each address what is there and what is missing', async () => {
    const known = (host: string, hostId: string | null) => ({
      ...{ ...node(host), id: `nod_${host}`, clusterId: 'clu_1', observedAt: new Date() },
      ...{ hostId, deployDir: hostId === null ? null : '/opt/be', unit: null },
    });
    const inventory = {
      findCluster: async () => null,
      listNodes: async () => [known('10.0.0.11', 'hst_1'), known('10.0.0.12', null)],
      listHosts: async () => [hostOf('hst_1')],
    };
    const { checks } = await checkAdoptEnd({ inventory, clusterId: 'clu_1' });
    expect(checks.map(({ name, status, observed }) => `${name} ${status} ${observed}`)).toEqual([
      'cluster-registered FAIL the cluster is not registered',
      'host-10.0.0.11 PASS be 10.0.0.11:9050 in /opt/be',
      expect.stringMatching(/^host-10\.0\.0\.12 FAIL no SSH access to be 10\.0\.0\.12:9050/),
    ]);
  });
});
