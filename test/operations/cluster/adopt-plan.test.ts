import { describe, expect, it } from 'vitest';
import { parseMachine } from '../../../src/adapters/ssh/survey-answers.ts';
import type { NodeOnMachine } from '../../../src/domain/deploy/host-survey.ts';
import type { MachineFacts } from '../../../src/operations/cluster/adopt-cluster/look-at-machines.ts';
import { type AdoptClusterInput, planAdoptCluster } from '../../../src/operations/cluster/adopt-cluster/plan.ts';

const node = (host: string) => ({
  ...{ kind: 'BACKEND' as const, host, port: 9050, httpPort: 8040, queryPort: null, role: null, alive: true },
  ...{ decommissioning: false, version: '3.4.6', startedAt: null, tabletCount: 0, maxDiskUsedPercent: null },
  ...{ errorMessage: null, location: null },
});

const input: AdoptClusterInput = {
  ...{ name: 'prod', environment: 'dev', frontends: [{ host: '10.0.0.1', port: 9030 }], sqlUser: 'sw', password: 'x' },
  ...{ user: 'sr', sshPort: 22, addresses: [], hostKeys: [] },
};

const running: NodeOnMachine = {
  ...{ kind: 'BACKEND', pid: 10, user: 'sr', boundTo: { value: ['0.0.0.0'] }, deployDir: { value: '/opt/be' } },
  ...{ unit: { value: null }, ports: new Map([['heartbeat_service_port', { value: 9050 }]]), dataDirs: { value: [] } },
};

const { isVirtual: _virtual, ...bare } = parseMachine('user=sr\n');
const machine = (address: string, fields: Partial<MachineFacts> = {}): MachineFacts => ({
  ...{ address, nodeHosts: [address], shown: { value: 'SHA256:a' }, accepted: 'SHA256:a' },
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
    const addresses = [{ nodeHost: 'nowhere', address: 'a' }];
    expect(refusalsOf(plan([machine('a')], { addresses }))).toEqual([
      expect.stringMatching(/^INVALID_INPUT .*nowhere/),
    ]);
  });
});
