import { describe, expect, it } from 'vitest';
import { labelAsMeant } from '../../src/domain/cluster.ts';
import { isSameNode, namesOfNode, nodeLabel } from '../../src/domain/node-identity.ts';

const six = { id: 'nod_1', kind: 'BACKEND', host: 'fd00::21', port: 9050 } as const;

describe('the name of a node', () => {
  it('has brackets around an IPv6 address', () => {
    expect(nodeLabel(six)).toBe('be [fd00::21]:9050');
    expect(nodeLabel({ ...six, host: '10.0.0.11' })).toBe('be 10.0.0.11:9050');
  });

  it.each(['be [fd00::21]:9050', '[fd00::21]:9050', 'be fd00::21:9050', 'fd00::21', 'be [fd00::21]'])(
    'may be typed %s',
    (typed) => {
      expect(namesOfNode(six)).toContain(typed);
    },
  );
});

it.each(['demo', 'DEMO', 'demo ', '\u00A0Demo'])('%j means the cluster demo', (typed) => {
  expect(labelAsMeant(typed)).toBe('demo');
});

it.each([
  ['the same', {}, true],
  ['another kind at the same place', { kind: 'COMPUTE_NODE' }, false],
  ['another host', { host: 'fd00::22' }, false],
  ['another port', { port: 9051 }, false],
  ['the same address written otherwise, for a cluster compares texts', { host: 'fd00:0::21' }, false],
] as const)('a node is told from others by kind, address and port: %s', (_name, change, isSame) => {
  expect(isSameNode(six, { ...six, ...change })).toBe(isSame);
});
