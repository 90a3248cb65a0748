import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedNode } from '../../../src/domain/cluster.ts';
import { isSameNode } from '../../../src/domain/node-identity.ts';
import { isElectable, majorityOf } from '../../../src/domain/quorum.ts';
import { computeNodeRefusals } from '../../../src/domain/topology-change/compute-node-guards.ts';
import {
  dropRefusals,
  inDropOrder,
  quorumNote,
  whyListedTwice,
  whyNotDrop,
  whyTooFewLeft,
} from '../../../src/domain/topology-change/frontend-guards.ts';

function frontend(n: number, role: string, over: Partial<ObservedNode> = {}): ObservedNode {
  return {
    ...{ kind: 'FRONTEND', host: `10.0.0.${n}`, port: 9010, httpPort: 8030, queryPort: 9030, role, alive: true },
    ...{ decommissioning: false, version: '3.5.0-48f4d81', startedAt: null, tabletCount: null },
    ...{ maxDiskUsedPercent: null, errorMessage: null, location: null },
    ...over,
  };
}
const three = [frontend(1, 'LEADER'), frontend(2, 'FOLLOWER'), frontend(3, 'FOLLOWER')];
const [leader, second, third] = three;
if (leader === undefined || second === undefined || third === undefined) throw new Error('three frontends');
const observer = frontend(4, 'OBSERVER');
const five = [...three, frontend(5, 'FOLLOWER'), frontend(6, 'FOLLOWER')];

describe('dropRefusals', () => {
  it.each<[string, readonly ObservedNode[], readonly ObservedNode[], boolean, RegExp | null]>([
    ['a follower of three', three, [second], false, null],
    ['an observer', [...three, observer], [observer], false, null],
    ['a dead follower of three', [leader, second, frontend(3, 'FOLLOWER', { alive: false })], [third], false, null],
    ['two of five', five, five.slice(3), false, null],
    ['the leader', three, [leader], false, /^fe 10\.0\.0\.1:9010 leads, and StarRocks does not drop its leader/],
    ['the leader, moved first', three, [leader], true, null],
    ['the leader of 3.3', three.map((node) => ({ ...node, version: '3.3.15-a' })), [leader], true, /leads/],
    [
      'the leader of two',
      [leader, second],
      [leader],
      true,
      /would not hand over: 1 of the other 1 voting frontend are alive, and it wants 2/,
    ],
    ['three of three', three, three, true, /^No voting frontend would be left/],
    [
      'two of three',
      three,
      [second, third],
      false,
      /^2 voting frontends would leave at once, and one would be left of 3/,
    ],
    [
      'a living follower while another one is dead',
      [leader, second, frontend(3, 'FOLLOWER', { alive: false })],
      [second],
      false,
      /^Without fe 10\.0\.0\.2:9010 1 of 2 voting frontends would be alive; 2 are needed/,
    ],
    ['one while nobody leads', [second, third], [second], false, /no leader now/],
  ])('%s', (_case, nodes, targets, moveLeader, words) => {
    const refusals = dropRefusals(nodes, { targets, moveLeader });
    expect(refusals).toEqual(
      words === null
        ? []
        : [{ code: 'QUORUM_AT_RISK', message: expect.stringMatching(words), hint: expect.stringMatching(/./) }],
    );
  });

  it('never lets the voters that are left come below a majority, at any step', () => {
    const someFrontend = fc.record({
      role: fc.constantFrom('FOLLOWER', 'OBSERVER'),
      alive: fc.boolean(),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(someFrontend, { maxLength: 7 }), fc.boolean(), fc.boolean(), (others, leads, moveLeader) => {
        const nodes = [
          frontend(0, 'LEADER'),
          ...others.map(({ role, alive }, at) => frontend(at + 1, role, { alive })),
        ];
        const targets = nodes.filter((_node, at) => (at === 0 ? leads : others[at - 1]?.leaves === true));
        if (dropRefusals(nodes, { targets, moveLeader }).length > 0) return;
        let left: readonly ObservedNode[] = nodes;
        for (const target of inDropOrder(nodes, targets)) {
          left = left.filter((node) => !isSameNode(node, target));
          if (!isElectable(target)) continue; // it has no vote to miss
          const voters = left.filter(isElectable);
          expect(voters.filter(({ alive }) => alive).length).toBeGreaterThanOrEqual(majorityOf(voters.length));
        }
        if (!moveLeader) expect(left.some(({ role }) => role === 'LEADER')).toBe(true);
      }),
    );
  });
});

describe('whyNotDrop', () => {
  it('lets a frontend go that is out already', () => {
    expect(whyNotDrop(three, frontend(9, 'FOLLOWER'))).toBeNull();
  });
});

it('says what an even number of voters is worth', () => {
  expect([1, 2, 3, 4].map(quorumNote)).toEqual([
    expect.stringMatching(/^One voting/),
    '2 voting frontends will be left: 2 of them have to live, so the failure of none is borne, as with 1; an odd number is better',
    null,
    '4 voting frontends will be left: 3 of them have to live, so the failure of 1 is borne, as with 3; an odd number is better',
  ]);
});

describe('computeNodeRefusals', () => {
  const cn = (n: number, alive = true) => ({ host: `10.0.0.${n}`, heartbeatPort: 9050, alive });
  it.each([
    ['another one stays', { backends: [], computeNodes: [cn(1), cn(2)], runMode: 'shared_data' }, null],
    [
      'backends stay',
      { backends: [{ alive: true, decommissioning: false }], computeNodes: [cn(1)], runMode: 'shared_nothing' },
      null,
    ],
    [
      'the other one is down',
      { backends: [], computeNodes: [cn(1), cn(2, false)], runMode: 'shared_data' },
      /No living backend or compute node/,
    ],
    ['the run mode is not known', { backends: [], computeNodes: [cn(1), cn(2)], runMode: null }, /run_mode/],
  ])('when %s', (_case, facts, words) => {
    const refusals = computeNodeRefusals(facts, ['10.0.0.1:9050']);
    expect(refusals.map(({ message }) => message)).toEqual(words === null ? [] : [expect.stringMatching(words)]);
  });
});

describe('whyTooFewLeft', () => {
  it('refuses the second of two requests that were both planned with three voters', () => {
    expect(whyTooFewLeft(three, { ...second, votersLeft: 2 })).toBeNull();
    expect(whyTooFewLeft([leader, second], { ...second, votersLeft: 2 })).toMatchObject({
      code: 'QUORUM_AT_RISK',
      message: '1 voting frontend would be left, and 2 when this was planned: others were dropped meanwhile',
    });
    // Observers have no vote, and one that is gone already is not counted.
    expect(whyTooFewLeft([leader, observer], { ...observer, votersLeft: 3 })).toBeNull();
    expect(whyTooFewLeft([leader], { ...second, votersLeft: 2 })).toBeNull();
  });
});

describe('whyListedTwice', () => {
  it('refuses a frontend that has an earlier entry, of which DROP takes either', () => {
    const remnants = [{ host: second.host, editLogPort: 9010, name: '10.0.0.2_9010_1686810741121' }];
    expect(whyListedTwice({ remnants }, [third])).toBeNull();
    expect(whyListedTwice({ remnants }, [third, second])).toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(
        /^SHOW FRONTENDS lists fe 10\.0\.0\.2:9010 more than once \(also as 10\.0\.0\.2_9010_1/,
      ),
    });
  });
});
