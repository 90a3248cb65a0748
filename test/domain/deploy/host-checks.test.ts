import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AskedHost, type HostWish, installChecks } from '../../../src/domain/deploy/host-checks.ts';
import type { HostSurvey, NodeOnMachine, SurveyedPath } from '../../../src/domain/deploy/host-survey.ts';
import type { NamedCheck } from '../../../src/domain/verdict.ts';
import { planCheckHosts } from '../../../src/operations/host/check-hosts/plan.ts';

const GiB = 1_073_741_824;

const path = (fields: Partial<SurveyedPath> = {}): SurveyedPath => ({
  ...{ exists: false, isDirectory: null, isEmpty: null, isWritable: true, mount: '/' },
  ...{ freeBytes: { value: 100 * GiB }, totalBytes: { value: 200 * GiB }, medium: { value: 'SSD' as const } },
  ...fields,
});

/** A machine with which nothing is wrong. */
const machine = (fields: Partial<HostSurvey> = {}): HostSurvey => ({
  ...{ hostId: 'hst_1', address: '10.0.0.14', user: 'sr', sudo: true, missingTools: [], addresses: { value: [] } },
  ...{ architecture: { value: 'x86_64' }, bootId: { value: 'a' }, cpuCores: { value: 16 }, hasAvx2: { value: true } },
  ...{ memoryBytes: { value: 64 * GiB }, swapBytes: { value: 0 }, hugePages: { value: 'madvise' } },
  kernel: new Map([
    ['vm.overcommit_memory', { value: 1 }],
    ['vm.swappiness', { value: 0 }],
    ['vm.max_map_count', { value: 262_144 }],
    ['net.core.somaxconn', { value: 4_096 }],
    ['net.ipv4.tcp_abort_on_overflow', { value: 1 }],
  ]),
  openFiles: { value: { soft: 655_350, hard: 655_350 } },
  userProcesses: { value: { soft: 65_535, hard: 65_535 } },
  clock: { value: { aheadMs: 20, withinMs: 5 } },
  java: { value: [{ home: '/jdk', version: '17.0.9', hasCompiler: true }] },
  ...{ listening: { value: [] }, nodes: { value: [] }, visibleNodes: [], places: [] },
  paths: new Map([
    ['/opt/be', { value: path() }],
    ['/data1', { value: path({ exists: true, isDirectory: true, isEmpty: true }) }],
  ]),
  ...fields,
});

const wish: HostWish = {
  kinds: ['FRONTEND', 'BACKEND'],
  jdk: { minimum: 17, needsCompiler: false },
  packageBytes: 2 * GiB,
  deployDirs: ['/opt/be'],
  dataDirs: [{ path: '/data1', medium: 'SSD' }],
  ports: [{ key: 'be_port', port: 9060 }],
};

const asked = (fields: Partial<HostSurvey> = {}, wanted: Partial<HostWish> = {}): AskedHost => ({
  address: fields.address ?? '10.0.0.14',
  survey: { value: machine(fields) },
  wish: { ...wish, ...wanted },
});

const named = (checks: readonly NamedCheck[], name: string) => checks.find((check) => check.name === name);

it('lets a good machine pass in everything, without a hint', () => {
  for (const check of installChecks([asked()])) expect(check).toMatchObject({ status: 'PASS', hint: null });
});

describe('a machine', () => {
  it.each<[string, Partial<HostSurvey>, 'BLOCK' | 'WARN', RegExp]>([
    ['tools', { missingTools: ['flock'] }, 'BLOCK', /apt-get install/],
    ['avx2', { hasAvx2: { value: false } }, 'BLOCK', /cpuinfo/],
    ['avx2', { hasAvx2: { unknown: 'no flags' } }, 'BLOCK', /cpuinfo/],
    ['jdk', { java: { value: [{ home: '/jdk', version: '11.0.2', hasCompiler: true }] } }, 'BLOCK', /openjdk-17/],
    ['jdk', { java: { value: [] } }, 'BLOCK', /openjdk-17/],
    ['jdk', { java: { unknown: 'TIMEOUT' } }, 'BLOCK', /openjdk-17/],
    ['ports-free', { listening: { value: [{ address: '::', port: 9060 }] } }, 'BLOCK', /ss -ltnp/],
    ['ports-free', { listening: { unknown: 'denied' } }, 'BLOCK', /ss -ltnp/],
    ['directories', { paths: new Map() }, 'BLOCK', /install -d -o sr/],
    ['deploy-space', { paths: new Map() }, 'BLOCK', /df -h/],
    ['open-files', { openFiles: { value: { soft: 1_024, hard: 4_096 } } }, 'BLOCK', /sr - nofile 655350/],
    ['open-files', { openFiles: { value: { soft: 1_024, hard: 1_048_576 } } }, 'WARN', /sr - nofile 655350/],
    ['user-processes', { userProcesses: { value: { soft: 4_096, hard: 4_096 } } }, 'WARN', /sr - nproc 65535/],
    ['transparent-huge-pages', { hugePages: { value: 'always' } }, 'WARN', /echo madvise/],
    ['swap', { swapBytes: { value: GiB } }, 'WARN', /swapoff -a/],
    [
      'vm.max_map_count',
      { kernel: new Map([['vm.max_map_count', { value: 65_530 }]]) },
      'WARN',
      /sysctl -w vm.max_map_count=262144/,
    ],
    ['vm.overcommit_memory', { kernel: new Map([['vm.overcommit_memory', { value: 0 }]]) }, 'WARN', /sysctl -w/],
    ['clocks', { clock: { value: { aheadMs: -9_000, withinMs: 10 } } }, 'BLOCK', /set-ntp/],
    ['memory', { memoryBytes: { value: 8 * GiB } }, 'WARN', /larger machine/],
    ['cpu-cores', { cpuCores: { value: 2 } }, 'WARN', /larger machine/],
    [
      'storage-medium',
      { paths: new Map([['/data1', { value: path({ medium: { value: 'HDD' } }) }]]) },
      'WARN',
      /lsblk/,
    ],
  ])('fails %s for %j', (name, fields, severity, hint) => {
    const check = named(installChecks([asked(fields)]), name);
    expect(check).toMatchObject({ status: 'FAIL', severity, hint: expect.stringMatching(hint) });
  });

  it.each<[string, Partial<HostSurvey>]>([
    ['swap', { swapBytes: { unknown: 'x' } }],
    ['open-files', { openFiles: { unknown: 'x' } }],
    ['vm.swappiness', { kernel: new Map() }],
    ['clocks', { clock: { unknown: 'x' } }],
    ['storage-medium', { paths: new Map([['/data1', { value: path({ medium: { unknown: 'virtual' } }) }]]) }],
    ['avx2', { architecture: { value: 'aarch64' }, hasAvx2: { unknown: 'no flags' } }],
  ])('leaves open what it does not tell of %s', (name, fields) => {
    expect(named(installChecks([asked(fields)]), name)).toMatchObject({ status: 'SKIPPED' });
  });

  it.each<[string, Partial<SurveyedPath>, RegExp]>([
    ['holds something', { exists: true, isDirectory: true, isEmpty: false }, /is not empty/],
    ['is a file', { exists: true, isDirectory: false, isWritable: false }, /is no directory/],
    ['belongs to others', { isWritable: false }, /may not be written/],
  ])('blocks a directory that %s', (_why, fields, observed) => {
    const paths = new Map([...machine().paths, ['/opt/be', { value: path(fields) }] as const]);
    expect(named(installChecks([asked({ paths })]), 'directories')).toMatchObject({
      ...{ status: 'FAIL', severity: 'BLOCK' },
      observed: expect.stringMatching(observed),
    });
  });

  it('needs room for every node on a file system', () => {
    const room = (free: number, dirs: string[]) =>
      named(
        installChecks([
          asked(
            { paths: new Map(dirs.map((dir) => [dir, { value: path({ freeBytes: { value: free * GiB } }) }])) },
            { deployDirs: dirs, dataDirs: [] },
          ),
        ]),
        'deploy-space',
      )?.status;
    expect([room(6, ['/a']), room(5.9, ['/a'])]).toEqual(['PASS', 'FAIL']);
    expect([room(10, ['/a', '/b']), room(9.9, ['/a', '/b'])]).toEqual(['PASS', 'FAIL']);
  });

  it('names the node whose port it is, also one that is down', () => {
    const settings = { ports: new Map([['be_port', { value: 9060 }]]), dataDirs: { value: [] } };
    const node: NodeOnMachine = {
      ...{
        kind: 'COMPUTE_NODE',
        pid: 1,
        deployDir: { value: '/cn' },
        user: 'x',
        boundTo: { value: [] },
        unit: { value: null },
      },
      ...settings,
    };
    for (const fields of [
      { visibleNodes: [node] },
      { places: [{ kind: 'COMPUTE_NODE' as const, deployDir: '/cn', ...settings }] },
    ])
      expect(named(installChecks([asked(fields)]), 'ports-free')).toMatchObject({
        status: 'FAIL',
        observed: expect.stringContaining('be_port of a compute node'),
      });
  });

  it('is not asked for what its kinds do not need', () => {
    const bare = { hasAvx2: { value: false }, openFiles: { value: { soft: 1, hard: 1 } } };
    const checks = installChecks([asked(bare, { kinds: ['FRONTEND'] })]);
    expect(named(checks, 'avx2')).toBeUndefined();
    expect(named(checks, 'open-files')).toMatchObject({ severity: 'WARN' });
    expect(named(installChecks([asked({}, { kinds: ['BACKEND'] })]), 'jdk')).toBeUndefined();
  });
});

describe('several hosts', () => {
  it('that do not answer block, by their names and reasons', () => {
    const checks = installChecks([asked(), { address: '10.0.0.15', survey: { unknown: 'refused' }, wish }]);
    expect(named(checks, 'hosts-answer')).toMatchObject({ status: 'FAIL', observed: '10.0.0.15: refused' });
    expect(named(checks, 'swap')).toMatchObject({ status: 'PASS' });
    expect(installChecks([])[0]).toMatchObject({ status: 'FAIL' });
  });

  it('have clocks that are compared with each other, as far as they are certain', () => {
    const clocks = (a: number, b: number, withinMs = 0) =>
      named(
        installChecks(
          [a, b].map((aheadMs, index) => asked({ address: `h${index}`, clock: { value: { aheadMs, withinMs } } })),
        ),
        'clocks',
      )?.status;
    expect(clocks(-3_000, 3_000)).toBe('FAIL');
    expect(clocks(-3_000, 3_000, 600)).toBe('PASS');
    expect(clocks(-2_000, 2_000)).toBe('PASS');
  });

  it('never look better together than the worst of them alone', () => {
    const bad = fc.record(
      {
        missingTools: fc.constantFrom([], ['tar']),
        swapBytes: fc.constantFrom({ value: 0 }, { value: GiB }, { unknown: 'x' }),
        openFiles: fc.constantFrom({ value: { soft: 1, hard: 1 } }, { value: { soft: 655_350, hard: 655_350 } }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(bad, { minLength: 1, maxLength: 4 }), (hosts) => {
        const all = hosts.map((fields, index) => asked({ ...fields, address: `h${index}` }));
        const together = installChecks(all);
        for (const check of all.flatMap((one) => installChecks([one]))) {
          const merged = named(together, check.name);
          if (check.status === 'FAIL') expect(merged?.status).toBe('FAIL');
          if (check.status === 'FAIL' && check.severity === 'BLOCK') expect(merged?.severity).toBe('BLOCK');
          if (check.status === 'SKIPPED') expect(merged?.status).not.toBe('PASS');
        }
      }),
    );
  });
});

describe('checkHosts', () => {
  const host = (port: number) => ({
    ...{
      id: `hst_${port}`,
      clusterId: 'clu_1',
      address: '10.0.0.14',
      port,
      user: 'sr',
      auth: { kind: 'agent' as const },
    },
    ...{ hostKeyFingerprint: 'SHA256:x', jumpHostId: null, ssh: 'OK' as const, sudo: true, problem: null },
  });
  const input = { hosts: ['10.0.0.14', '10.0.0.14'], kinds: ['BACKEND' as const], storage: ['/data1,medium:SSD'] };
  const codes = (...args: Parameters<typeof planCheckHosts>) => {
    const result = planCheckHosts(...args);
    return 'refusals' in result ? result.refusals.map(({ code, hint }) => `${code} ${hint}`) : result.steps;
  };

  it('refuses hosts that nobody can log in to, or that could be two, and a release that nobody has', () => {
    expect(codes(input, { attached: [], release: null })).toEqual([
      expect.stringMatching(/^CREDENTIAL_MISSING .*attachHosts/),
    ]);
    expect(codes(input, { attached: [host(22), host(23)], release: null })).toEqual([
      expect.stringMatching(/^INVALID_INPUT/),
    ]);
    expect(codes({ ...input, version: '9.9.9' }, { attached: [host(22)], release: null })).toEqual([
      expect.stringMatching(/^NOT_FOUND .*registerRelease/),
    ]);
  });

  it('asks each host once, for the default ports of what is to come', () => {
    expect(codes(input, { attached: [host(22)], release: null })).toMatchObject([
      {
        params: {
          hosts: [{ hostId: 'hst_22', address: '10.0.0.14' }],
          wish: {
            jdk: null,
            dataDirs: [{ path: '/data1', medium: 'SSD' }],
            ports: expect.arrayContaining([{ key: 'heartbeat_service_port', port: 9050 }]),
          },
        },
      },
    ]);
  });
});
