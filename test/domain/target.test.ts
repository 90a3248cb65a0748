import { describe, expect, it } from 'vitest';
import { effectOn } from '../../src/domain/effect-on-target.ts';
import { accessTo, namedTarget } from '../../src/domain/target.ts';
import { operations } from '../../src/operations/index.ts';

const cluster = { id: 'clu_1', name: 'prod-eu', environment: 'prod' };

describe('whom an input is about', () => {
  it('is the cluster whose id the field holds that the operation names', () => {
    const named = namedTarget({ kind: 'cluster', from: 'source' }, { source: 'clu_1', clusterId: 'clu_2' });
    expect(named).toEqual({ kind: 'cluster', clusterId: 'clu_1', field: 'source' });
  });

  it('is the name and environment of a cluster that is to be', () => {
    const fields = { kind: 'new-cluster', name: 'as', environment: 'where' } as const;
    expect(namedTarget(fields, { as: 'prod-eu', where: 'prod' })).toEqual({
      kind: 'new-cluster',
      name: 'prod-eu',
      environment: 'prod',
    });
  });

  it.each([undefined, null, 7, ['clu_1']])('is not guessed from %j', (clusterId) => {
    const input = clusterId === undefined ? {} : { clusterId };
    expect(() => namedTarget({ kind: 'cluster', from: 'clusterId' }, input)).toThrow('which names the target');
  });
});

it.each([
  ['new-cluster', 'low', 'creates'],
  ['new-cluster', 'read', 'creates'],
  ['cluster', 'read', 'reads'],
  ['cluster', 'low', 'changes'],
  ['cluster', 'high', 'changes'],
  ['cluster', 'destructive', 'changes'],
] as const)('an operation about a %s with risk %s %s', (kind, risk, effect) => {
  expect(effectOn({ risk, target: { kind } })).toBe(effect);
});

it('rights on a cluster that is to be are looked at everywhere, not in the environment it will have', () => {
  expect(accessTo({ kind: 'new-cluster', cluster })).toBeNull();
  expect(accessTo({ kind: 'cluster', cluster })).toEqual({ clusterId: 'clu_1', environment: 'prod' });
});

it.each(operations.map((operation) => [operation.name, operation] as const))(
  '%s names its target by fields that its input always has',
  (_name, { target, example }) => {
    expect(() => namedTarget(target, example)).not.toThrow();
  },
);
