import { describe, expect, it } from 'vitest';
import { parseConf } from '../../../sandbox/starrocks/conf.ts';
import { confText, javaHomeOf, settingsText } from '../../../sandbox/world/conf.ts';
import { type PlanInput, planWorld, portsAt, portsOf } from '../../../sandbox/world/plan.ts';

const plan = (change: Partial<PlanInput> = {}) =>
  planWorld({
    dir: '/w',
    version: '3.3.15',
    speed: 1,
    ports: portsAt(0),
    frontends: 3,
    backends: 3,
    computeNodes: 1,
    address: (hostNumber) => `127.40.5.${hostNumber}`,
    ...change,
  });

describe('planWorld', () => {
  it('gives every node a name, an address and directories of its own', () => {
    const { nodes } = plan();
    expect(nodes.map((node) => node.name)).toEqual(['fe1', 'fe2', 'fe3', 'be1', 'be2', 'be3', 'cn1']);
    for (const key of ['address', 'hostDir', 'deployDir', 'dataDir'] as const) {
      expect(new Set(nodes.map((node) => node[key])).size).toBe(nodes.length);
    }
    expect(nodes.at(-1)?.deployDir).toBe('/w/hosts/cn1/opt/starrocks/be');
  });

  it('puts all nodes on one host with ports and directories of their own', () => {
    const { hosts, nodes } = plan({ frontends: 1, backends: 2, computeNodes: 1, oneHost: true });
    expect(hosts.map(({ name }) => name)).toEqual(['box1']);
    for (const key of ['deployDir', 'dataDir'] as const) expect(new Set(nodes.map((node) => node[key])).size).toBe(4);
    const ports = nodes.flatMap(portsOf);
    expect(new Set(ports).size).toBe(ports.length);
    expect(new Set(nodes.map(({ address }) => address))).toEqual(new Set(['127.40.5.11']));
  });

  it('adds hosts without a node, also where there is no cluster', () => {
    const { hosts, nodes } = plan({ frontends: 0, backends: 0, computeNodes: 0, spareHosts: 2 });
    expect(nodes).toEqual([]);
    expect(hosts.map(({ name, address }) => [name, address])).toEqual([
      ['host1', '127.40.5.41'],
      ['host2', '127.40.5.42'],
    ]);
  });

  it.each([
    { change: { frontends: 0 }, message: 'at least one frontend' },
    { change: { backends: 10 }, message: '10 nodes of kind be' },
    { change: { computeNodes: 1.5 }, message: '1.5 nodes of kind cn' },
    { change: { speed: 0 }, message: 'speed 0 is not above 0' },
    { change: { speed: Number.NaN }, message: 'speed NaN' },
    { change: { frontends: 8, observers: 2 }, message: '10 nodes of kind fe' },
    { change: { java: { fe9: {} } }, message: 'java is given for fe9' },
    { change: { oneHost: true }, message: 'room for one frontend' },
    { change: { spareHosts: 41 }, message: '41 empty hosts' },
    { change: { conf: { be9: {} } }, message: 'conf is given for be9' },
  ])('refuses $change', ({ change, message }) => {
    expect(() => plan(change)).toThrow(message);
  });
});

describe('a plan with observers, locations and JDKs', () => {
  const { nodes } = plan({
    frontends: 2,
    observers: 1,
    locations: ['rack:a', 'rack:b'],
    java: { fe2: { home: 11 }, fe3: { installed: [11] } },
  });

  it('makes the last frontends observers', () => {
    expect(nodes.filter((node) => node.isObserver).map((node) => node.name)).toEqual(['fe3']);
  });

  it('gives the backends their locations in turn, and other nodes none', () => {
    const located = nodes.filter((node) => node.location !== undefined);
    expect(located.map((node) => [node.name, node.location])).toEqual([
      ['be1', 'rack:a'],
      ['be2', 'rack:b'],
      ['be3', 'rack:a'],
    ]);
  });

  it('names the newest JDK of a host unless another one is asked for', () => {
    const homes = nodes.filter((node) => node.kind === 'fe').map((node) => javaHomeOf(node).split('/').at(-1));
    expect(homes).toEqual(['jdk-17', 'jdk-11', 'jdk-11']);
  });
});

describe('confText', () => {
  it('writes for a frontend what the scripts read, and the keys of the stand-in beside it', () => {
    const world = plan({ speed: 20 });
    const [frontend] = world.nodes;
    if (frontend === undefined) throw new Error('no frontend');
    const conf = parseConf(confText(frontend, world));
    expect(conf.get('query_port')).toBe('9030');
    expect(conf.get('meta_dir')).toBe('/w/hosts/fe1/opt/data/meta');
    expect(conf.get('LOG_DIR')).toBe(['$', '{STARROCKS_HOME}/log'].join(''));
    expect(conf.get('priority_networks')).toBe('127.40.5.0/24');
    expect([...conf.keys()].filter((key) => key.startsWith('sandbox_'))).toEqual([]);
    const settings = parseConf(settingsText('fe', frontend, world));
    expect(settings.get('sandbox_address')).toBe('127.40.5.11');
    expect(settings.get('sandbox_speed')).toBe('20');
  });

  it('says of one backend what is true of it alone: StarRocks’ keys in its file, the others beside it', () => {
    const world = plan({ conf: { be: { k: 1 }, be2: { sandbox_disk_total_bytes: 5, trash_file_expire_time_sec: 6 } } });
    const [, be2] = world.nodes.filter(({ kind }) => kind === 'be');
    if (be2 === undefined) throw new Error('no second backend');
    const conf = parseConf(confText(be2, world));
    expect([conf.get('k'), conf.get('trash_file_expire_time_sec')]).toEqual(['1', '6']);
    expect(conf.has('sandbox_disk_total_bytes')).toBe(false);
    expect(settingsText('be', be2, world)).toContain('sandbox_disk_total_bytes = 5');
    expect(settingsText('be', { ...be2, name: 'be1' }, world)).not.toContain('sandbox_disk_total_bytes');
  });

  it('moves all ports by the same amount when asked to', () => {
    const world = plan({ ports: portsAt(10_000) });
    const backend = world.nodes.find((node) => node.kind === 'be');
    if (backend === undefined) throw new Error('no backend');
    const conf = parseConf(confText(backend, world));
    expect(['be_port', 'be_http_port', 'heartbeat_service_port', 'brpc_port'].map((key) => conf.get(key))).toEqual([
      '19060',
      '18040',
      '19050',
      '18060',
    ]);
  });
});
