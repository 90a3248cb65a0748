import { describe, expect, it } from 'vitest';
import { parseListening, parseMachine, parsePath } from '../../../src/adapters/ssh/survey-answers.ts';
import { parseProcesses } from '../../../src/adapters/ssh/survey-processes.ts';
import { parseServices, type Service, unitOf } from '../../../src/adapters/ssh/survey-services.ts';
import { storagePathsOf } from '../../../src/domain/deploy/storage-paths.ts';

describe('listening ports', () => {
  const line = (address: string, state = '0A') =>
    `   0: ${address}:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1`;
  const ports = (...lines: string[]) =>
    parseListening({ stdout: ['file=tcp', ...lines, 'file=tcp6', ''].join('\n'), stderr: '' });

  it.each([
    ['00000000', '0.0.0.0'],
    ['0100007F', '127.0.0.1'],
    ['0B00000A', '10.0.0.11'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000001000000', '::1'],
    ['0000000000000000FFFF00000B00000A', '10.0.0.11'],
    ['B80D0120000000000000000001000000', '2001:db8::1'],
    ['B80D0120000001000000000001000000', '2001:db8:1::1'],
  ])('of %s are those of %s', (hex, address) => {
    expect(ports(line(hex))).toEqual({ value: [{ address, port: 8080 }] });
  });

  it('are no connections, and unknown where the list cannot be read', () => {
    expect(ports(line('0100007F', '01'), line('0100007F', '06'))).toEqual({ value: [] });
    expect(parseListening({ stdout: '', stderr: 'denied' })).toEqual({ unknown: 'denied' });
  });
});

describe('a machine', () => {
  it('that is told nothing about is unknown in everything', () => {
    const { user, isVirtual, kernel, ...facts } = parseMachine('');
    expect({ user, isVirtual }).toEqual({ user: '', isVirtual: true });
    for (const fact of [...Object.values(facts), ...kernel.values()])
      expect(fact).toEqual({ unknown: expect.any(String) });
  });

  it('says what it is', () => {
    const found = parseMachine(
      'user=sr\nuid=1000\narch=x86_64\ncores=16\nflags=: fpu avx2 hypervisor\nMemTotal:=1024\nSwapTotal:=0\nhugepages=always [madvise] never\nsys/vm/swappiness=10\nopenFiles=1024 unlimited\nuserProcesses=4096 8192\n',
    );
    expect(found).toMatchObject({
      cpuCores: { value: 16 },
      hasAvx2: { value: true },
      memoryBytes: { value: 1_048_576 },
      swapBytes: { value: 0 },
      hugePages: { value: 'madvise' },
      openFiles: { value: { soft: 1_024, hard: Infinity } },
      userProcesses: { value: { soft: 4_096, hard: 8_192 } },
      isVirtual: true,
    });
    expect(found.kernel.get('vm.swappiness')).toEqual({ value: 10 });
    expect(found.kernel.get('vm.max_map_count')).toHaveProperty('unknown');
  });

  it.each([
    ['0', true, { value: 'SSD' }],
    ['1', false, { value: 'HDD' }],
    ['1', true, { unknown: expect.any(String) }],
  ])('whose disk turns: %s, virtual: %s', (rotational, isVirtual, medium) => {
    const answer = `exists=yes\ndirectory=yes\nempty=yes\nnearest=/d\nentered=yes\nrotational=${rotational}\n`;
    expect(parsePath(answer, { isVirtual })).toMatchObject({ value: { medium } });
  });

  it('that lets nobody list a directory leaves open whether it is empty', () => {
    const answer = 'exists=yes\ndirectory=yes\nnearest=/d\nentered=yes\n';
    expect(parsePath(answer, { isVirtual: false })).toEqual({ unknown: 'it may not be listed' });
  });
});

const open = 'open=yes\ntr=yes\n';
const process = (pid: number, ...lines: string[]) => [`process=${pid}`, 'ticks=7', ...lines, ''].join('\n');

describe('processes', () => {
  it('of other users are told by their arguments, since their environment is closed', () => {
    const { nodes, hidden } = parseProcesses(
      open +
        process(10, 'program=starrocks_be', 'user=sr', 'parents= 1', 'arg=/opt/be/lib/starrocks_be') +
        process(11, 'program=starrocks_be', 'user=sr', 'parents= 1', 'arg=/opt/cn/lib/starrocks_be', 'arg=--cn') +
        process(
          12,
          ...['program=java', 'user=sr', 'parents= 1', 'arg=/usr/lib/jvm/jdk-17/bin/java'],
          ...[
            'arg=-Xlog:gc*:/opt/fe/log/fe.gc.log.1:time',
            'arg=-Djava.security.policy=/opt/fe/conf/udf_security.policy',
          ],
          'arg=com.starrocks.StarRocksFE',
        ),
    );
    expect(hidden).toBeNull();
    expect(nodes).toMatchObject([
      { kind: 'BACKEND', pid: 10, user: 'sr', home: null, mayLieIn: ['/opt/be'] },
      { kind: 'COMPUTE_NODE', pid: 11, mayLieIn: ['/opt/cn'] },
      { kind: 'FRONTEND', pid: 12, mayLieIn: ['/usr/lib/jvm/jdk-17', '/usr', '/opt/fe'] },
    ]);
  });

  it('listen at the addresses that were read after their files, and are no nodes once they have ended', () => {
    const be = ['program=starrocks_be', 'user=sr', 'parents= 1', 'arg=/opt/be/lib/starrocks_be'];
    const { nodes } = parseProcesses(
      open +
        process(10, ...be, 'files=open', 'listens=0B00000A', 'listens=0B00000A', 'listens=0100007F') +
        process(11, ...be, 'files=open') +
        process(12, ...be) +
        process(13, ...be, 'files=open', 'ended=yes'),
    );
    expect(nodes.map(({ pid, listensAt }) => [pid, listensAt])).toEqual([
      [10, ['10.0.0.11', '127.0.0.1']],
      [11, []],
      [12, null],
    ]);
  });

  it('in Java are no frontends but by their main class, nor is one that a start script asks for its version', () => {
    const home = ['program=java', 'environ=open', 'home=/opt/fe'];
    const { nodes } = parseProcesses(
      open +
        process(10, ...home, 'arg=org.apache.spark.deploy.SparkSubmit') +
        process(11, ...home, 'arg=com.starrocks.StarRocksFE', 'arg=-version') +
        process(12, ...home, 'arg=com.starrocks.broker.hdfs.BrokerBootstrap'),
    );
    expect(nodes).toEqual([]);
  });

  it('that a node has started and that look like it are not nodes of their own', () => {
    const be = ['program=starrocks_be', 'environ=open', 'home=/opt/be'];
    const { nodes } = parseProcesses(
      open +
        process(10, ...be, 'parents= 1') +
        process(11, ...be, 'parents= 10 1') +
        process(12, ...be, 'parents= 9 1'),
    );
    expect(nodes.map(({ pid }) => pid)).toEqual([10, 12]);
  });

  it.each([
    ['', 'does not list'],
    ['open=no\ntr=yes\n', 'hidepid'],
    ['open=yes\n', 'tr'],
  ])('of which %j is told may be hidden', (stdout, why) => {
    expect(parseProcesses(stdout).hidden).toContain(why);
  });

  it.each([
    ['0::/system.slice/starrocks-be.service', 'starrocks-be.service'],
    ['1:name=systemd:/system.slice/system-sr.slice/sr@be.service', 'sr@be.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/be.service', null],
    ['0::/user.slice/user-0.slice/session-3.scope', null],
    ['0::/system.slice/docker-4f.scope', null],
    ['4:memory:/system.slice/be.service', null],
  ])('in the control group %s are in the service %s', (cgroup, service) => {
    const answer = open + process(10, 'program=starrocks_be', `cgroup=${cgroup}`);
    expect(parseProcesses(answer).nodes).toMatchObject([{ service }]);
  });
});

describe('the unit of a node', () => {
  const service = (unit: string, fields: Partial<Service> = {}): Service => ({
    ...{ unit, activeState: 'active', mainPid: 0, execStart: '' },
    ...fields,
  });
  const be = service('be.service', { execStart: 'ExecStart={ path=/opt/be/bin/start_be.sh ; argv[]=… }' });
  const ssh = service('ssh.service', { mainPid: 5 });
  const node = { pid: 10, parents: [5, 1], service: null };
  const told = (seen: Partial<typeof node> | { service: string }, services: Service[] | null) =>
    unitOf({ ...node, ...seen }, { services, deployDir: '/opt/be' });

  it.each([
    ['whose main process it is', { service: null }, [ssh, { ...be, mainPid: 10 }], { value: 'be.service' }],
    ['that starts it and holds it', { service: 'be.service' }, [ssh, be], { value: 'be.service' }],
    [
      'whose wrapper started it',
      { service: 'w.service' },
      [service('w.service', { mainPid: 5 })],
      { value: 'w.service' },
    ],
    ['that only started a shell by SSH is none', { service: 'ssh.service' }, [ssh], { value: null }],
    ['is none without any', { service: null }, [ssh], { value: null }],
    ['is none on a host without systemd', { service: null }, null, { value: null }],
  ])('%s', (_which, seen, services, wanted) => {
    expect(told(seen, services)).toEqual(wanted);
  });

  it.each([
    [
      'a unit names its directory and does not run it',
      { service: null },
      [{ ...be, activeState: 'inactive' }],
      'inactive',
    ],
    ['two units name its directory', { service: null }, [be, { ...be, unit: 'b2.service' }], 'b2.service'],
    ['it is in a unit that has nothing to do with it', { service: 'x.service' }, [service('x.service')], 'x.service'],
    ['systemd does not answer', { service: 'be.service' }, null, 'be.service'],
  ])('is unknown when %s', (_when, seen, services, why) => {
    expect(told(seen, services)).toEqual({ unknown: expect.stringContaining(why) });
  });

  it('is read from what systemd prints, and systemd that says nothing has told nothing', () => {
    const printed =
      'MainPID=812\nExecStart={ path=/opt/be/bin/start_be.sh ; argv[]=/opt/be/bin/start_be.sh --daemon }\nId=be.service\nLoadState=loaded\nActiveState=active\n\nMainPID=0\nId=gone.service\nLoadState=not-found\nActiveState=inactive\n';
    expect(parseServices(printed)).toEqual([
      expect.objectContaining({ unit: 'be.service', mainPid: 812, execStart: expect.stringContaining('/opt/be/bin/') }),
    ]);
    expect(parseServices('')).toBeNull();
  });
});

it.each([
  ['/data1', [{ path: '/data1', medium: null }]],
  [
    '/data1,medium:SSD; /data2/ ,MEDIUM:hdd;',
    [
      { path: '/data1', medium: 'SSD' },
      { path: '/data2', medium: 'HDD' },
    ],
  ],
  ['/data1,capacity:50', [{ path: '/data1', medium: null }]],
  ['/data1.SSD', [{ path: '/data1.SSD', medium: 'SSD' }]],
  ['/data.d/x', [{ path: '/data.d/x', medium: null }]],
  ['/data1.SSD,medium:HDD', [{ path: '/data1.SSD', medium: 'HDD' }]],
])('reads storage_root_path %s as a backend does', (value, paths) => {
  expect(storagePathsOf(value)).toEqual(paths);
});
