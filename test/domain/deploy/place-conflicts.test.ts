import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostSurvey, NodeOnMachine, SurveyedPath } from '../../../src/domain/deploy/host-survey.ts';
import { type LaidOutNode, layOut, type NodeRequest } from '../../../src/domain/deploy/lay-out.ts';
import { nodePorts } from '../../../src/domain/deploy/node-ports.ts';
import {
  type Neighbour,
  placeConflicts,
  type SurveyedHost,
  type WantedNode,
} from '../../../src/domain/deploy/place-conflicts.ts';

const request = (over: Partial<NodeRequest> = {}): NodeRequest => ({
  ...{ kind: 'BACKEND', host: '10.0.0.11', version: '3.5.0', deployDir: '/opt/sr/be', metaDir: null },
  ...{ storage: ['/data1'], conf: [], javaHome: null, heapMegabytes: 8_192 },
  ...over,
});

function laidOut(over: Partial<NodeRequest> = {}): LaidOutNode {
  const made = layOut(request(over));
  if ('refusals' in made) throw new Error(JSON.stringify(made.refusals));
  return made.node;
}

const wanted = (over: Partial<NodeRequest> = {}, hostId = 'hst_1'): WantedNode => ({ ...laidOut(over), hostId });
const free: SurveyedPath = {
  ...{ exists: false, isDirectory: null, isEmpty: null, isWritable: true, mount: '/' },
  ...{ freeBytes: { value: 1 }, totalBytes: { value: 1 }, medium: { unknown: 'virtual' } },
};

function surveyed(
  nodes: readonly WantedNode[],
  over: Partial<HostSurvey> = {},
  host: Partial<SurveyedHost> = {},
): SurveyedHost {
  const paths = new Map(
    nodes.flatMap(({ deployDir, dataDirs }) =>
      [deployDir, ...dataDirs].map((path) => [path, { value: free }] as const),
    ),
  );
  const known = { value: 1 };
  const survey: HostSurvey = {
    ...{
      hostId: 'hst_1',
      address: '10.0.0.11',
      user: 'sr',
      sudo: false,
      missingTools: [],
      addresses: { value: [] },
      architecture: { value: 'x86_64' },
    },
    ...{
      bootId: { unknown: '' },
      cpuCores: known,
      hasAvx2: { value: true },
      memoryBytes: known,
      swapBytes: known,
      hugePages: { value: 'never' },
    },
    ...{ kernel: new Map(), openFiles: { unknown: '' }, userProcesses: { unknown: '' }, clock: { unknown: '' } },
    ...{
      java: { value: [] },
      listening: { value: [] },
      nodes: { value: over.visibleNodes ?? [] },
      visibleNodes: [],
      places: [],
      paths,
    },
    ...over,
  };
  return { hostId: 'hst_1', address: '10.0.0.11', hostKeyFingerprint: 'SHA256:a', survey, ...host };
}

const neighbour = (over: Partial<Neighbour> = {}): Neighbour => ({
  ...{ kind: 'BACKEND', host: '10.0.0.11', port: 9050, httpPort: 8040, queryPort: null, hostId: null, deployDir: null },
  ...{ id: 'nod_1', clusterId: 'clu_other', hostAddress: null, hostKeyFingerprint: null },
  ...over,
});

function conflicts(
  nodes: readonly WantedNode[],
  {
    hosts = [surveyed(nodes)],
    neighbours = [],
  }: { hosts?: readonly SurveyedHost[]; neighbours?: readonly Neighbour[] } = {},
) {
  return placeConflicts(nodes, { clusterId: 'clu_1', hosts, neighbours }).map(({ message }) => message);
}

const running = (over: Partial<NodeOnMachine> = {}): NodeOnMachine => ({
  ...{
    kind: 'BACKEND',
    pid: 77,
    deployDir: { value: '/srv/be' },
    user: 'other',
    unit: { value: null },
    boundTo: { value: [] },
  },
  ...{
    dataDirs: { value: ['/disk1'] },
    ports: new Map(Object.entries(nodePorts.BACKEND).map(([key, port]) => [key, { value: port }])),
  },
  ...over,
});

const elsewhere = [
  'be_port = 19060',
  'be_http_port = 18040',
  'heartbeat_service_port = 19050',
  'brpc_port = 18060',
  'starlet_port = 19070',
];

describe('a node that is wanted', () => {
  it('is laid out with what follows from what was asked for', () => {
    expect(laidOut({ conf: ['heartbeat_service_port = 19050'] })).toMatchObject({
      label: 'be 10.0.0.11:19050',
      port: 19050,
      dataDirs: ['/data1'],
      ports: { heartbeat_service_port: 19050, be_port: 9060 },
      conf: expect.stringContaining('heartbeat_service_port = 19050\n'),
    });
    expect(laidOut({ storage: [], deployDir: '/opt/sr/be/' }).dataDirs).toEqual(['/opt/sr/be/storage']);
    expect(laidOut({ kind: 'FRONTEND', storage: [] })).toMatchObject({ port: 9010, dataDirs: ['/opt/sr/be/meta'] });
  });

  it.each([
    [{ deployDir: '/opt' }, 'belongs to the whole machine'],
    [{ kind: 'FRONTEND' }, 'A frontend has no storage'],
    [{ metaDir: '/meta' }, 'Only a frontend has a directory of metadata'],
    [{ conf: ['priority_networks = 10.1.0.0/16'] }, 'does not hold 10.0.0.11'],
    [{ javaHome: '/usr/lib/jvm/jdk-17', conf: ['JAVA_HOME = /x'] }, 'JAVA_HOME is given as a field and in the conf'],
    [{ javaHome: '/usr/lib/jvm/a b' }, 'has signs'],
  ] as const)('is refused: %j', (over, reason) => {
    const made = layOut(request(over));
    expect('refusals' in made ? made.refusals.map(({ message }) => message) : []).toEqual([
      expect.stringContaining(reason),
    ]);
  });

  it('takes networks that hold its address', () => {
    expect(laidOut({ conf: ['priority_networks = 10.0.0.0/24;192.168.0.0/16'] }).conf).toContain(
      'priority_networks = 10.0.0.0/24;192.168.0.0/16\n',
    );
  });
});

describe('the place of a new node', () => {
  it('is free where nobody is', () => {
    const nodes = [
      wanted({ kind: 'FRONTEND', storage: [], deployDir: '/opt/sr/fe' }),
      wanted(),
      wanted({ deployDir: '/opt/sr/be2', storage: ['/data2'], conf: elsewhere }),
    ];
    expect(conflicts(nodes)).toEqual([]);
  });

  it.each([
    [
      'the same port',
      { deployDir: '/opt/sr/be2', storage: ['/data2'], conf: elsewhere.slice(1) },
      ['its be_port 9060 is a port of be 10.0.0.11:9050, which is wanted too'],
    ],
    [
      'the same directory',
      { storage: ['/data2'], conf: elsewhere },
      ['/opt/sr/be is the deploy directory of be 10.0.0.11:9050, which is wanted too'],
    ],
    [
      'a directory within',
      { deployDir: '/data1/be2', storage: ['/data2'], conf: elsewhere },
      ['/data1/be2 and /data1, the directory of data of be 10.0.0.11:9050, which is wanted too, lie within each other'],
    ],
  ])('is not what another one of the request has: %s', (_what, over, messages) => {
    expect(conflicts([wanted(), wanted(over)])).toEqual(messages.map((each) => expect.stringContaining(each)));
  });

  it.each([
    [{ storage: ['/opt/sr/be/lib/data'] }, '/opt/sr/be/lib/data lies in /opt/sr/be/lib, which belongs to the release'],
    [{ storage: ['/opt/sr'] }, '/opt/sr holds its own deploy directory /opt/sr/be'],
    [{ storage: ['/data1', '/data1/more'] }, '/data1 and /data1/more lie within each other'],
    [{ conf: ['be_port = 8040'] }, 'be_port and be_http_port are both 8040'],
  ] as const)('does not fight itself: %j', (over, message) => {
    expect(
      conflicts([
        wanted({
          ...over,
          ...('conf' in over ? { conf: [...over.conf] } : {}),
          ...('storage' in over ? { storage: [...over.storage] } : {}),
        }),
      ]),
    ).toEqual([`be 10.0.0.11:9050: ${message}`]);
  });

  it('is not that of a node that runs there, whosever it is', () => {
    const node = wanted({ storage: ['/disk1/be'] });
    const listening = { value: [{ address: '0.0.0.0', port: 9050 }] };
    const hosts = [surveyed([node], { visibleNodes: [running()], listening })];
    const found = conflicts([node], { hosts });
    expect(found).toContain(
      'be 10.0.0.11:9050: its heartbeat_service_port 9050 is a port of a backend that runs there as process 77',
    );
    expect(found).toContain(
      'be 10.0.0.11:9050: /disk1/be and /disk1, the directory of data of a backend that runs there as process 77, lie within each other',
    );
    expect(found).toHaveLength(6);
    const known = [neighbour({ deployDir: '/srv/be', hostId: 'hst_9', hostAddress: '10.0.0.11' })];
    expect(conflicts([node], { hosts, neighbours: known })).toContain(
      'be 10.0.0.11:9050: its heartbeat_service_port 9050 is a port of be 10.0.0.11:9050',
    );
  });

  it('is not that of a known node that is down, by its conf file', () => {
    const node = wanted();
    const places = [
      { kind: 'BACKEND' as const, deployDir: '/srv/be', dataDirs: { value: ['/data1'] }, ports: new Map() },
    ];
    expect(conflicts([node], { hosts: [surveyed([node], { places })] })).toEqual([
      'be 10.0.0.11:9050: /data1 is the directory of data of the backend in /srv/be',
    ]);
  });

  it.each([
    ['at the same address', neighbour({ port: 19050 }), true],
    [
      'on a host at the same address by SSH',
      neighbour({ host: '192.168.0.1', hostId: 'hst_9', hostAddress: '10.0.0.11' }),
      true,
    ],
    [
      'on a host with the same key',
      neighbour({ host: '192.168.0.1', hostId: 'hst_9', hostAddress: '192.168.0.1', hostKeyFingerprint: 'SHA256:a' }),
      true,
    ],
    [
      'on another machine',
      neighbour({ host: '10.0.0.12', hostId: 'hst_9', hostAddress: '10.0.0.12', hostKeyFingerprint: 'SHA256:b' }),
      false,
    ],
    ['at an address that each machine has', neighbour({ host: '127.0.0.1' }), false],
  ])('is not that of a node of another cluster %s', (_where, known, isThere) => {
    const node = wanted({ deployDir: '/opt/sr/be' });
    const found = conflicts([node], { neighbours: [{ ...known, deployDir: '/opt/sr' }] });
    expect(found.some((message) => message.includes('/opt/sr/be and /opt/sr'))).toBe(isThere);
  });

  it('takes hosts with one key for one machine', () => {
    const nodes = [wanted(), wanted({ host: '10.0.1.11' }, 'hst_2')];
    const hosts = [surveyed(nodes), surveyed(nodes, {}, { hostId: 'hst_2', address: '10.0.1.11' })];
    expect(conflicts(nodes, { hosts })).toContain(
      'be 10.0.1.11:9050: /opt/sr/be is the deploy directory of be 10.0.0.11:9050, which is wanted too',
    );
    const apart = [
      surveyed(nodes),
      surveyed(nodes, {}, { hostId: 'hst_2', address: '10.0.1.11', hostKeyFingerprint: 'SHA256:b' }),
    ];
    expect(conflicts(nodes, { hosts: apart })).toEqual([]);
  });

  it('has no port on which anything listens, whatever the address', () => {
    const node = wanted();
    const listening = {
      value: [
        { address: '127.0.0.1', port: 8040 },
        { address: '::', port: 9060 },
        { address: '0.0.0.0', port: 22 },
      ],
    };
    expect(conflicts([node], { hosts: [surveyed([node], { listening })] })).toEqual([
      'be 10.0.0.11:9050: something listens on 9060 on 10.0.0.11 already, which is its be_port',
      'be 10.0.0.11:9050: something listens on 8040 on 10.0.0.11 already, which is its be_http_port',
    ]);
  });

  it('shares ports with other loopback addresses only, where machines are stood in for', () => {
    const node = wanted({ host: '127.31.7.2' });
    const at = (address: string) => {
      const listening = { value: [{ address, port: 9050 }] };
      const host = surveyed([node], { listening, visibleNodes: [running()] }, { address: '127.31.7.2' });
      return conflicts([node], { hosts: [host] }).length > 0;
    };
    expect(['127.31.7.3', '127.31.7.2', '127.0.0.1', '0.0.0.0'].map(at)).toEqual([false, true, true, true]);
  });

  it.each([
    [{ ...free, exists: true, isDirectory: false }, 'is there, and is no directory'],
    [{ ...free, exists: true, isDirectory: true, isEmpty: false }, 'is not empty'],
    [{ ...free, exists: true, isDirectory: true }, 'is not empty'],
    [{ ...free, isWritable: false }, 'may not write in'],
  ])('is looked at on the disk: %#', (path, reason) => {
    const node = wanted();
    const host = surveyed([node]);
    const paths = new Map(host.survey.paths).set('/data1', { value: path });
    expect(conflicts([node], { hosts: [{ ...host, survey: { ...host.survey, paths } }] })).toEqual([
      expect.stringContaining(reason),
    ]);
  });

  it.each([
    [{ nodes: { unknown: 'hidepid' } }, 'which nodes run on 10.0.0.11 cannot be told: hidepid'],
    [{ listening: { unknown: 'no /proc' } }, 'which ports are free on 10.0.0.11 cannot be told: no /proc'],
    [{ paths: new Map() }, 'nobody has looked at /opt/sr/be'],
    [
      { visibleNodes: [running({ ports: new Map(), dataDirs: { unknown: 'in a container' } })] },
      'what a backend on 10.0.0.11 takes cannot be told',
    ],
  ])('refuses what could not be found out: %#', (over, reason) => {
    const node = wanted();
    expect(conflicts([node], { hosts: [surveyed([node], over)] })[0]).toContain(reason);
    expect(conflicts([node], { hosts: [] })).toEqual(['be 10.0.0.11:9050: nobody has looked at its host']);
  });

  it('takes one frontend for each address of a cluster, with the http_port of the others', () => {
    const fe = wanted({ kind: 'FRONTEND', storage: [] });
    const present = neighbour({ kind: 'FRONTEND', clusterId: 'clu_1', host: '10.0.0.11', port: 19010, httpPort: 8031 });
    expect(conflicts([fe], { neighbours: [present] })).toEqual([
      'fe 10.0.0.11:9010: a cluster takes one frontend for each address, and fe 10.0.0.11:19010 has it',
      'fe 10.0.0.11:9010: its http_port is 8030, and that of the other frontends is 8031; it has to be the same on all',
    ]);
    expect(
      conflicts([fe], { neighbours: [{ ...present, clusterId: 'clu_other', port: 19010, httpPort: 18030 }] }),
    ).toEqual([]);
  });
});

const names = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
  .map((parts) => `/x/${parts.join('/')}`);

describe('places that are not refused', () => {
  it('never share a port or a directory, whatever is wanted', () => {
    const ports = fc.tuple(...Array.from({ length: 5 }, () => fc.integer({ min: 1, max: 12 })));
    const node = fc.record({ deployDir: names, storage: fc.array(names, { minLength: 1, maxLength: 2 }), ports });
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 3 }), (asked) => {
        const nodes = asked.flatMap(({ deployDir, storage, ports: given }) => {
          const conf = Object.keys(nodePorts.BACKEND).map((key, index) => `${key} = ${given[index]}`);
          const made = layOut(request({ deployDir, storage, conf }));
          return 'node' in made ? [{ ...made.node, hostId: 'hst_1' }] : [];
        });
        fc.pre(nodes.length === asked.length);
        const found = conflicts(nodes);
        const allPorts = nodes.flatMap((each) => Object.values(each.ports));
        const homes = nodes.map((each) => [each.deployDir, ...each.dataDirs]);
        const within = (one: string, other: string) => `${one}/`.startsWith(`${other}/`);
        const nested = homes.some((own, index) =>
          homes.some((others, other) => index !== other && own.some((one) => others.some((two) => within(one, two)))),
        );
        const selfNested = nodes.some(({ deployDir, dataDirs }) =>
          dataDirs.some(
            (one, index) =>
              within(deployDir, one) || dataDirs.some((two, other) => index !== other && within(one, two)),
          ),
        );
        const isFine = new Set(allPorts).size === allPorts.length && !nested && !selfNested;
        expect(found.length === 0).toBe(isFine);
      }),
      { numRuns: 300 },
    );
  });
});
