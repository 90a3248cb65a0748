import { describe, expect, it } from 'vitest';
import { labelAsMeant, namesOfNode, nodeLabel } from '../../src/domain/cluster.ts';

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
