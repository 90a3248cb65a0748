import { describe, expect, it } from 'vitest';
import { hostIdFor } from '../../../src/domain/deploy/host-id.ts';
import type { MachineSurvey, SurveyedPath } from '../../../src/domain/deploy/host-survey.ts';
import type { PlannedStep } from '../../../src/operations/define.ts';
import { deployClusterInput } from '../../../src/operations/topology/deploy-cluster/input.ts';
import type { DeployFacts, DeployHostFacts } from '../../../src/operations/topology/deploy-cluster/observe.ts';
import { planDeployCluster } from '../../../src/operations/topology/deploy-cluster/plan.ts';
import { planWayBackOfCluster } from '../../../src/operations/topology/deploy-cluster/undo.ts';

const gigabyte = 1024 ** 3;
/** Two hosts that show the same key are one machine. */
const keyOf = (address: string) => `SHA256:${(address.at(-1) ?? '').repeat(43)}`;
const free: SurveyedPath = {
  ...{ exists: false, isDirectory: null, isEmpty: null, isWritable: true, mount: '/' },
  ...{ freeBytes: { value: 900 * gigabyte }, totalBytes: { value: 1000 * gigabyte }, medium: { value: 'SSD' } },
};

type Given = Parameters<typeof deployClusterInput.parse>[0] & Record<string, unknown>;
const ips = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
const frontend = (host: string, more: Record<string, unknown> = {}) => ({
  ...{ host, deployDir: '/opt/sr/fe', metaDir: '/data/meta' },
  ...more,
});
const backend = (host: string, more: Record<string, unknown> = {}) => ({
  ...{ host, deployDir: '/opt/sr/be', storage: ['/data/be'] },
  ...more,
});

function inputOf(more: Record<string, unknown> = {}) {
  const given: Given = {
    ...{ name: 'fresh', version: '3.5.0', user: 'starrocks', password: 'secret:sec_1', rootPassword: 'secret:sec_2' },
    hosts: ips.map((address) => ({ address, hostKeyFingerprint: keyOf(address) })),
    frontends: ips.slice(0, 3).map((host) => frontend(host)),
    backends: ips.slice(3).map((host) => backend(host)),
    ...more,
  };
  return deployClusterInput.parse(given);
}

function machine(bootId: string): MachineSurvey {
  const paths = ['/opt/sr/fe', '/opt/sr/fe/meta', '/data/meta', '/opt/sr/be', '/data/be', '/opt/sr/be2', '/data/be2'];
  return {
    ...{ user: 'starrocks', sudo: true, missingTools: [], places: [], visibleNodes: [] },
    ...{ ...surveyed, bootId: { value: bootId } },
    ...{ listening: { value: [] }, nodes: { value: [] } },
    paths: new Map(paths.map((path) => [path, { value: free }])),
  };
}
const limit = { value: { soft: 1_000_000, hard: 1_000_000 } };
const surveyed = {
  ...{ addresses: { value: [] }, architecture: { value: 'x86_64' }, cpuCores: { value: 16 }, hasAvx2: { value: true } },
  ...{ memoryBytes: { value: 64 * gigabyte }, swapBytes: { value: 0 }, hugePages: { value: 'madvise' } },
  kernel: new Map(
    Object.entries({
      ...{ 'vm.overcommit_memory': 1, 'vm.swappiness': 0, 'vm.max_map_count': 262_144 },
      ...{ 'net.core.somaxconn': 1024, 'net.ipv4.tcp_abort_on_overflow': 1 },
    }).map(([key, value]) => [key, { value }]),
  ),
  ...{ openFiles: limit, userProcesses: limit, clock: { value: { aheadMs: 0, withinMs: 1 } } },
  java: { value: [{ home: '/usr/lib/jvm/17', version: '17.0.1', hasCompiler: true }] },
};

function factsOf(input: ReturnType<typeof inputOf>, more: Partial<DeployFacts> = {}): DeployFacts {
  return {
    ...{ clusterId: 'clu_1', isNameTaken: false, emptyPasswords: { root: false, own: false }, neighbours: [] },
    approvalEnvironments: ['prod'],
    hosts: input.hosts.map(
      ({ address, port }): DeployHostFacts => ({
        hostId: hostIdFor({ clusterName: input.name, address, port, turn: 0 }),
        ...{ resolved: [address], shown: { value: keyOf(address) }, machine: { value: machine(address) } },
      }),
    ),
    release: {
      ...{ id: 'rel_1', version: '3.5.0', source: { kind: 'PATH', location: '/a.tgz' }, sha256: 'ab'.repeat(32) },
      ...{ sizeBytes: 1, contents: ['FRONTEND', 'BACKEND'], minimumJdk: 11, registeredByName: 'a' },
      registeredAt: new Date(0),
    },
    ...more,
  };
}

const accepted = { acceptChecks: [] as string[] };
function refused(more: Record<string, unknown>, facts: Partial<DeployFacts> = {}): string[] {
  const input = inputOf({ ...accepted, ...more });
  const result = planDeployCluster(input, factsOf(input, facts));
  return 'refusals' in result ? result.refusals.map(({ code, message }) => `${code} ${message}`) : [];
}

describe('the plan of a new cluster', () => {
  const input = inputOf();
  const result = planDeployCluster(input, factsOf(input));

  it('closes the first frontend before any other node starts, and adds frontends one at a time', () => {
    if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
    const kinds = result.steps.map(({ kind }) => kind);
    expect(kinds[0]).toBe('recordNewCluster');
    expect(kinds.slice(1, 7)).toEqual(Array(6).fill('recordNewHost'));
    const starts = result.steps.flatMap(({ kind, params }, index) =>
      kind === 'startNewNode' ? [{ index, helper: params.helper, isAlone: params.isAlone }] : [],
    );
    const closed = kinds.indexOf('secureFirstFrontend');
    expect(starts[0]).toMatchObject({ helper: null, isAlone: true });
    expect(starts.map(({ index }) => index < closed)).toEqual([true, false, false, false, false, false]);
    expect(starts.slice(1, 3).map(({ helper }) => helper)).toEqual(['10.0.0.1:9010', '10.0.0.1:9010']);
    expect(kinds.filter((kind) => kind === 'addToCluster')).toHaveLength(5);
    expect(kinds.slice(-2)).toEqual(['tryCluster', 'forgetRootPassword']);
    const lanes = result.steps.filter(({ lane }) => lane?.stage === 'Add frontends');
    expect(new Set(lanes.map(({ lane }) => lane?.width))).toEqual(new Set([1]));
    expect(result.steps.find(({ kind }) => kind === 'tryCluster')?.params).toMatchObject({ replicas: 3 });
  });

  it('says what few backends and one voter mean', () => {
    const small = inputOf({
      hosts: [{ address: '10.0.0.1', hostKeyFingerprint: keyOf('10.0.0.1') }],
      frontends: [frontend('10.0.0.1')],
      backends: [backend('10.0.0.1')],
    });
    const planned = planDeployCluster(small, factsOf(small));
    if ('refusals' in planned) throw new Error(JSON.stringify(planned.refusals));
    expect(planned.notes).toEqual(
      expect.arrayContaining([
        expect.stringContaining('One frontend votes'),
        expect.stringContaining('"replication_num" = "1"'),
        expect.stringContaining('without mem_limit'),
      ]),
    );
  });

  it.each<[string, Record<string, unknown>, Partial<DeployFacts>, RegExp]>([
    ['a name in use', {}, { isNameTaken: true }, /^ALREADY_EXISTS A cluster named fresh/],
    ['no password for root', {}, { emptyPasswords: { root: true, own: false } }, /^INVALID_INPUT The password of root/],
    [
      'no password of its own',
      {},
      { emptyPasswords: { root: false, own: true } },
      /^INVALID_INPUT The password of star/,
    ],
    ['root as its user', { sqlUser: 'root' }, {}, /^INVALID_INPUT .*not root/],
    ['two voters', { frontends: ips.slice(0, 2).map((host) => frontend(host)) }, {}, /^QUORUM_AT_RISK 2 frontends/],
    [
      'an observer first',
      { frontends: [frontend('10.0.0.1', { role: 'OBSERVER' }), frontend('10.0.0.2')] },
      {},
      /^INVALID_INPUT The first frontend/,
    ],
    ['a release that is not there', {}, { release: null }, /^NOT_FOUND The catalogue has no release 3\.5\.0/],
    ['a host without a node', { backends: [backend('10.0.0.4')] }, {}, /^INVALID_INPUT 10\.0\.0\.5 has no node/],
    ['a node on no host', { backends: [backend('10.9.9.9')] }, {}, /^INVALID_INPUT 10\.9\.9\.9 is none of the hosts/],
    [
      'a key that nobody vouched for',
      { hosts: ips.map((address) => ({ address })) },
      {},
      /^HOST_KEY_UNKNOWN .* 6 SSH keys/,
    ],
    [
      'another key than the one vouched for',
      { hosts: ips.map((address) => ({ address, hostKeyFingerprint: `SHA256:${'b'.repeat(43)}` })) },
      {},
      /^HOST_KEY_CHANGED/,
    ],
    [
      'two backends on one host with the same ports',
      {
        backends: [
          backend('10.0.0.4'),
          ...ips.slice(3).map((host) => backend(host, { deployDir: '/opt/sr/be2', storage: ['/data/be2'] })),
        ],
      },
      {},
      /^PRECONDITION_FAILED .*be_port 9060 is a port of/,
    ],
    [
      'a host by its name',
      {
        hosts: [...ips.slice(0, 5), 'be3.example'].map((address) => ({ address, hostKeyFingerprint: keyOf(address) })),
        backends: [...ips.slice(3, 5), 'be3.example'].map((host) => backend(host)),
      },
      {},
      /^INVALID_INPUT be3\.example is a name/,
    ],
    [
      'a location where the version has none',
      { version: '3.1.0', backends: ips.slice(3).map((host) => backend(host, { location: 'rack:r1' })) },
      {},
      /^PRECONDITION_FAILED 3\.1\.0 has no labels\.location/,
    ],
  ])('refuses %s', (_name, more, facts, wanted) => {
    expect(refused(more, facts)).toContainEqual(expect.stringMatching(wanted));
  });
});

describe('hosts that are one machine', () => {
  /** The last host as another one shows it. */
  const alike = (key: string, bootId: string) => {
    const input = inputOf();
    const facts = factsOf(input);
    const hosts = facts.hosts.with(5, {
      ...{ hostId: 'hst_6', resolved: ['10.0.0.6'], shown: { value: key }, machine: { value: machine(bootId) } },
    });
    return { hosts };
  };

  it('are refused by their key, before anybody compares it', () => {
    const hosts = ips.map((address) => ({ address }));
    expect(refused({ hosts }, alike(keyOf('10.0.0.5'), '10.0.0.6'))).toContainEqual(
      expect.stringMatching(/^PRECONDITION_FAILED 10\.0\.0\.5:22 and 10\.0\.0\.6:22 show one and the same SSH key/),
    );
  });

  it('are refused by their kernel, unless somebody accepts it', () => {
    const facts = alike(keyOf('10.0.0.6'), '10.0.0.5');
    expect(refused({}, facts)).toEqual([
      expect.stringMatching(/^PREFLIGHT_FAILED separate-machines: 10\.0\.0\.5 and 10\.0\.0\.6 are one machine/),
    ]);
    expect(refused({ acceptChecks: ['separate-machines'] }, facts)).toEqual([]);
  });
});

describe('units on request', () => {
  const input = inputOf({ systemd: true });
  const unitsOf = (facts: DeployFacts) => {
    const result = planDeployCluster(input, facts);
    if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
    return result.steps.flatMap(({ kind, params }) =>
      kind === 'writeNodeUnit' ? [{ unit: String(params.unit), text: String(params.text) }] : [],
    );
  };

  it('stand in the plan: the first frontend begins alone, the others are helped by it, workers by nobody', () => {
    const units = unitsOf(factsOf(input));
    expect(units.map(({ unit }) => unit)).toEqual([
      ...Array(3).fill('starrocks-fe.service'),
      ...Array(3).fill('starrocks-be.service'),
    ]);
    const helped = units.map(({ text }) => /--helper (\S+)/.exec(text)?.[1] ?? null);
    expect(helped).toEqual([null, '10.0.0.1:9010', '10.0.0.1:9010', null, null, null]);
    for (const { text } of units) expect(text).toContain('User=starrocks\n');
  });

  it('find the JDK of whoever logs in, which systemd does not know, unless a line names one', () => {
    const homes = (more: Record<string, unknown>) => {
      const wished = inputOf(more);
      const result = planDeployCluster(wished, factsOf(wished));
      if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
      const confs = result.steps.flatMap(({ kind, params }) => (kind === 'writeConf' ? [String(params.conf)] : []));
      return confs.map((conf) => /^JAVA_HOME = (.*)$/m.exec(conf)?.[1] ?? null);
    };
    expect(homes({ systemd: true })).toEqual(Array(6).fill('/usr/lib/jvm/17'));
    const given = { frontendConf: ['JAVA_HOME = /opt/jdk'], backendConf: ['JAVA_HOME=/opt/jdk'] };
    expect(homes({ systemd: true, ...given })).toEqual(Array(6).fill('/opt/jdk'));
    expect(homes({})).toEqual(Array(6).fill(null));
  });

  it('are refused where the user who logs in may not become root', () => {
    const facts = factsOf(input);
    const [first, ...others] = facts.hosts;
    if (first === undefined) throw new Error('no host');
    const weak = { ...first, machine: { value: { ...machine('10.0.0.1'), sudo: false } } };
    expect(refused({ systemd: true }, { hosts: [weak, ...others] })).toEqual([
      expect.stringMatching(/^PREFLIGHT_FAILED Writing a systemd unit needs root.*starrocks on 10\.0\.0\.1/),
    ]);
  });

  it('are removed again with the cluster', async () => {
    const planned = planDeployCluster(input, factsOf(input));
    if ('refusals' in planned) throw new Error('refused');
    const steps = planned.steps.map((step): PlannedStep => ({ ...step, phase: 'do', state: 'done' }));
    const sql = { query: async () => [] };
    const { signal } = new AbortController();
    const back = await planWayBackOfCluster('fresh', { sql, signal }, { runId: 'run_1', steps });
    expect('steps' in back && back.steps.filter(({ kind }) => kind === 'removeNodeUnit')).toHaveLength(6);
  });
});

describe('the way back of a new cluster', () => {
  const input = inputOf();
  const result = planDeployCluster(input, factsOf(input));
  const steps = 'refusals' in result ? [] : result.steps;
  const upTo = (kind: string): PlannedStep[] => {
    const last = steps.findLastIndex((step) => step.kind === kind);
    return steps.map((step, index) => ({ ...step, phase: 'do', state: index <= last ? 'done' : 'pending' }));
  };
  const { signal } = new AbortController();
  const asked: string[] = [];
  const holding = (...names: string[]) => ({
    query: async ({ name }: { name: string }) => {
      asked.push(name);
      return names.map((Database) => ({ Database }));
    },
  });
  const back = (kind: string, ...databases: string[]) =>
    planWayBackOfCluster('fresh', { sql: holding(...databases), signal }, { runId: 'run_1', steps: upTo(kind) });

  it('asks nobody before the cluster was closed, and only forgets what was recorded', async () => {
    asked.length = 0;
    const planned = await back('recordNewHost');
    expect('steps' in planned && planned.steps.map(({ kind }) => kind)).toEqual(['forgetCluster']);
    expect(asked).toEqual([]);
  });

  it('looks that it holds nothing, ends workers before frontends and the first one last, then forgets it', async () => {
    const planned = await back('awaitJoined', '_statistics_', 'information_schema', 'sys', 'starwarden_deploy_check');
    if (!('steps' in planned)) throw new Error('refused');
    expect(planned.steps[0]?.kind).toBe('checkHoldsNothing');
    expect(planned.steps.at(-1)?.kind).toBe('forgetCluster');
    const ended = planned.steps.filter(({ kind }) => kind === 'endNewNode').map(({ params }) => params);
    expect(ended.map(({ kind }) => kind)).toEqual([...Array(3).fill('BACKEND'), ...Array(3).fill('FRONTEND')]);
    expect(ended.at(-1)).toMatchObject({ label: 'fe 10.0.0.1:9010', isAlone: true, isThrownAway: true });
  });

  it('is refused while somebody has a database there', async () => {
    expect(await back('awaitJoined', 'sales')).toMatchObject({
      refusals: [{ code: 'PRECONDITION_FAILED', message: expect.stringContaining('it holds sales') }],
    });
  });
});
