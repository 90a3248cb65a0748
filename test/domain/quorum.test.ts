import { describe, expect, it } from 'vitest';
import { findLeader, majorityOf, quorumOf } from '../../src/domain/quorum.ts';

const up = (name: string, role = 'FOLLOWER') => ({ name, kind: 'FRONTEND' as const, role, alive: true });
const down = (name: string, role = 'FOLLOWER') => ({ ...up(name, role), alive: false });
const backend = { name: 'be', kind: 'BACKEND' as const, role: null, alive: true };

it.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
  [7, 4],
])('of %i members %i are a majority', (members, majority) => {
  expect(majorityOf(members)).toBe(majority);
});

describe('how the frontends stand', () => {
  it.each([
    ['one', [up('a', 'LEADER')], { electable: 1, alive: 1, majority: 1, spare: 0 }],
    ['two', [up('a', 'LEADER'), up('b')], { electable: 2, alive: 2, majority: 2, spare: 0 }],
    ['three', [up('a', 'LEADER'), up('b'), up('c')], { electable: 3, alive: 3, majority: 2, spare: 1 }],
    ['three, one down', [up('a', 'LEADER'), up('b'), down('c')], { electable: 3, alive: 2, majority: 2, spare: 0 }],
    ['three, two down', [up('a'), down('b'), down('c')], { electable: 3, alive: 1, majority: 2, spare: -1 }],
    ['four', [up('a', 'LEADER'), up('b'), up('c'), up('d')], { electable: 4, alive: 4, majority: 3, spare: 1 }],
    [
      'observers and backends do not vote',
      [up('a', 'LEADER'), up('b', 'OBSERVER'), down('c', 'OBSERVER'), backend],
      { electable: 1, alive: 1, majority: 1, spare: 0 },
    ],
    ['none', [], { electable: 0, alive: 0, majority: 1, spare: -1 }],
  ])('%s', (_name, nodes, quorum) => {
    expect(quorumOf(nodes)).toEqual(quorum);
  });

  it('counts whoever is to be stopped as down already, and a dead one once', () => {
    const nodes = [up('a', 'LEADER'), up('b'), down('c')];
    expect(quorumOf(nodes, ({ name }) => name === 'b')).toMatchObject({ alive: 1, spare: -1 });
    expect(quorumOf(nodes, ({ name }) => name === 'c')).toMatchObject({ alive: 2, spare: 0 });
  });
});

it('a dead frontend does not lead, whatever its row says', () => {
  expect(findLeader([down('a', 'LEADER'), up('b')])).toBeUndefined();
  expect(findLeader([up('a'), up('b', 'LEADER')])?.name).toBe('b');
});
