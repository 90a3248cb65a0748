import { describe, expect, it } from 'vitest';
import { findPlace, findPlaces, isMachineOf, strangersAmong } from '../../../src/domain/deploy/find-places.ts';
import type { NodeOnMachine } from '../../../src/domain/deploy/host-survey.ts';

const be = { kind: 'BACKEND' as const, host: '10.0.0.11', port: 9050 };

const process = (fields: Partial<NodeOnMachine> = {}): NodeOnMachine => ({
  ...{ kind: 'BACKEND', pid: 10, user: 'sr', boundTo: { value: ['0.0.0.0'] }, deployDir: { value: '/opt/be' } },
  ...{ unit: { value: null }, ports: new Map([['heartbeat_service_port', { value: 9050 }]]), dataDirs: { value: [] } },
  ...fields,
});

const place = (...visibleNodes: NodeOnMachine[]) => findPlace(be, { visibleNodes, nodes: { value: visibleNodes } });
const port = (told: { value: number } | { unknown: string }) => new Map([['heartbeat_service_port', told]]);

describe('the place of a node', () => {
  it('is that of the one process of its kind with its port', () => {
    const others = [process({ kind: 'COMPUTE_NODE', pid: 11 }), process({ pid: 12, ports: port({ value: 9051 }) })];
    expect(place(process(), ...others)).toEqual({ deployDir: '/opt/be', unit: null });
    expect(place(process({ unit: { value: 'be.service' } }))).toEqual({ deployDir: '/opt/be', unit: 'be.service' });
  });

  it('is told apart by the address at which the process listens', () => {
    const other = process({ pid: 11, deployDir: { value: '/other' }, boundTo: { value: ['10.0.0.12'] } });
    expect(place(process({ boundTo: { value: ['10.0.0.11'] } }), other)).toMatchObject({ deployDir: '/opt/be' });
    expect(place(other)).toHaveProperty('why');
  });

  it.each<[string, NodeOnMachine[], RegExp]>([
    ['two processes may be it', [process(), process({ pid: 11 })], /several processes may be it: 10, 11/],
    ['its directory is not told', [process({ deployDir: { unknown: 'it runs in a container' } })], /in a container/],
    ['what runs it is not told', [process({ unit: { unknown: 'be.service is inactive' } })], /be.service is inactive/],
    ['its port is not told', [process({ ports: port({ unknown: 'denied' }) })], /process 10 may be it, but .* denied/],
    ['nothing runs', [], /no process of that kind with heartbeat_service_port 9050/],
  ])('is not known where %s', (_where, nodes, why) => {
    expect(place(...nodes)).toEqual({ why: expect.stringMatching(why) });
  });

  it('says that processes are hidden, where they are', () => {
    expect(findPlace(be, { visibleNodes: [], nodes: { unknown: 'hidepid' } })).toEqual({
      why: expect.stringContaining('hidepid'),
    });
  });
});

it('knows a machine by the address it is reached at, and by its own', () => {
  const addresses = { value: ['10.0.0.11'] };
  expect(isMachineOf('10.0.0.11', { addresses }, 'mgmt-11')).toBe(true);
  expect(isMachineOf('mgmt-11', { addresses: { unknown: 'x' } }, 'mgmt-11')).toBe(true);
  expect(isMachineOf('10.0.0.12', { addresses }, 'mgmt-11')).toBe(false);
});

it('names what runs there and is no node of the cluster', () => {
  const stranger = process({ pid: 99, ports: port({ value: 9999 }), deployDir: { value: '/their/be' } });
  expect(strangersAmong([be], { visibleNodes: [process(), stranger] })).toEqual([
    'a backend in /their/be (process 99)',
  ]);
});

describe('the places of several nodes on one machine', () => {
  const other = { ...be, host: '10.0.0.12' };
  const machine = (addresses: readonly string[]) => ({
    ...{ visibleNodes: [process()], nodes: { value: [process()] }, addresses: { value: addresses } },
  });

  it('are unknown where one process may be either of two nodes: stopping the one would stop the other', () => {
    const found = findPlaces([be, other], machine([]), [be, other]);
    expect(found.map(({ place: each }) => each)).toEqual([
      { why: expect.stringMatching(/one process may be it or be 10\.0\.0\.12:9050/) },
      { why: expect.stringMatching(/one process may be it or be 10\.0\.0\.11:9050/) },
    ]);
  });

  it('are none on the machine of another node, by the addresses of its kernel', () => {
    const places = (addresses: string[]) => findPlaces([be], machine(addresses), [be, other])[0]?.place;
    expect(places(['10.0.0.12'])).toEqual({ why: expect.stringMatching(/has the address of be 10\.0\.0\.12:9050/) });
    expect(places(['10.0.0.12', '10.0.0.11'])).toMatchObject({ deployDir: '/opt/be' });
    expect(places(['192.168.7.1'])).toMatchObject({ deployDir: '/opt/be' });
  });
});
