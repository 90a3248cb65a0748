import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenChange } from '../../../src/domain/open-change.ts';
import { balancingInWords, type FrontendBalancing, judgeBalancing } from '../../../src/domain/tablets/balancing.ts';
import { operations } from '../../../src/operations/index.ts';
import { keepSchedulingPaused, pauseTabletScheduling } from '../../../src/operations/node/steps/scheduling.ts';
import { pauseBalancing } from '../../../src/operations/tablet/pause-balancing/pause-balancing.ts';
import { type BalancingFacts, planPauseBalancing } from '../../../src/operations/tablet/pause-balancing/plan.ts';
import { switchOffBalancing } from '../../../src/operations/tablet/pause-balancing/steps.ts';

const now = new Date('2027-01-02T12:30:00Z');
const until = '2027-01-02T14:30:00.000Z';

function frontend(at: number, more: Partial<FrontendBalancing> = {}): FrontendBalancing {
  return { label: `fe 10.0.0.${at}:9010`, isLeader: at === 1, isAlive: true, isOn: true, isColocateOn: true, ...more };
}
const facts: BalancingFacts = { frontends: [1, 2, 3].map((at) => frontend(at)), changes: [], isSharedData: false, now };
const change: OpenChange = {
  ...{ title: 'off', until: new Date(until), runId: 'run_1', runNumber: 12, operation: 'pauseBalancing' },
  ...{ isLeftOver: false, before: null },
};
const notesOf = (given: Partial<BalancingFacts>, colocate = true) => {
  const plan = planPauseBalancing({ until, colocate }, { ...facts, ...given });
  return 'steps' in plan ? (plan.notes ?? []).join('\n') : JSON.stringify(plan.refusals);
};

describe('the plan of a pause of balancing', () => {
  it('switches off, keeps it off until a time that it names, and says what waits for it', () => {
    expect(planPauseBalancing({ until, colocate: true }, facts)).toMatchObject({
      summary: 'Balancing off until 2027-01-02 14:30 UTC',
      steps: [
        { kind: 'switchOffBalancing', params: { until, colocate: true } },
        { kind: 'keepBalancingOff', title: expect.stringContaining('until 2027-01-02 14:30 UTC') },
      ],
    });
    expect(notesOf({})).toMatch(/Upgrades, downgrades and rolling restarts wait for its end/);
    expect(notesOf({})).toMatch(/Cancelling the run puts it back at once/);
    expect(notesOf({})).toMatch(/colocation groups do not leave a backend/);
    expect(notesOf({}, false)).not.toMatch(/colocation groups do not leave/);
  });

  it('makes an end of the minutes, once, which stays where it is however long the run waits', () => {
    const given = { clusterId: 'clu_01J00000000000000000000000', minutes: 120, colocate: true };
    const completed = pauseBalancing.complete(given, { now });
    expect(completed).toEqual({ clusterId: given.clusterId, colocate: true, until });
    expect(pauseBalancing.complete(completed, { now: new Date(0) })).toEqual(completed);
  });

  it.each<[string, Parameters<typeof planPauseBalancing>[0], Partial<BalancingFacts>, string, RegExp]>([
    ['no end', { colocate: true }, {}, 'INVALID_INPUT', /is not said/],
    ['two ends', { minutes: 5, until, colocate: true }, {}, 'INVALID_INPUT', /^Both minutes and until/],
    ['an end that has passed', { until: '2027-01-02T12:30Z', colocate: true }, {}, 'INVALID_INPUT', /has passed/],
    ['more than a day', { until: '2027-01-03T12:31Z', colocate: true }, {}, 'INVALID_INPUT', /more than a day/],
    ['no real moment', { until: '2027-13-45T99:99Z', colocate: true }, {}, 'INVALID_INPUT', /is no moment that/],
    [
      'a leader that does not tell',
      { until, colocate: true },
      { frontends: [frontend(1, { isOn: null })] },
      'PRECONDITION_FAILED',
      /does not say whether/,
    ],
    [
      'balancing that a person has switched off, which a run would neither switch off nor on',
      { until, colocate: true },
      { frontends: [frontend(1, { isOn: false, isColocateOn: false }), frontend(2)] },
      'PRECONDITION_FAILED',
      /no run of Starwarden did that: somebody has set it/,
    ],
    [
      'the same where colocation groups are not asked for',
      { until, colocate: false },
      { frontends: [frontend(1, { isOn: false })] },
      'PRECONDITION_FAILED',
      /somebody has set it/,
    ],
    [
      'a second pause',
      { until, colocate: true },
      { changes: [change] },
      'PRECONDITION_FAILED',
      /^R-12 .* holds .* until/,
    ],
    [
      'a pause during an upgrade',
      { until, colocate: true },
      { changes: [{ ...change, until: null, operation: 'upgradeCluster' }] },
      'PRECONDITION_FAILED',
      /^R-12 \(upgradeCluster\) holds the tablet scheduling, and puts it back at its end/,
    ],
    [
      'what another run could not put back',
      { until, colocate: true },
      { changes: [{ ...change, isLeftOver: true }] },
      'PRECONDITION_FAILED',
      /could not put it back/,
    ],
  ])('refuses %s', (_what, input, changed, code, message) => {
    expect(planPauseBalancing(input, { ...facts, ...changed })).toMatchObject({
      refusals: [{ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\S/) }],
    });
  });

  it('says what somebody has set by hand, what is down, and what else it stops where data is shared', () => {
    const mixed = [
      frontend(1, { isColocateOn: false }),
      frontend(2, { isOn: false }),
      frontend(3, { isAlive: false, isOn: null, isColocateOn: null }),
    ];
    const notes = notesOf({ frontends: mixed, isSharedData: true });
    expect(notes).toMatch(
      /switched off balancing of colocation groups on the leader already: that stays off at the end/,
    );
    expect(notes).toMatch(/fe 10\.0\.0\.2:9010 had other values than the leader/);
    expect(notes).toMatch(/fe 10\.0\.0\.3:9010 is down/);
    expect(notes).toMatch(/tablets of a dead compute node/);
  });
});

describe('whether tablets are balanced, in words', () => {
  const frontendOf = fc.record({
    isAlive: fc.boolean(),
    isLeader: fc.boolean(),
    isOn: fc.option(fc.boolean()),
    isColocateOn: fc.option(fc.boolean()),
  });
  const changeOf = fc.record({
    until: fc.option(fc.constant(new Date(until))),
    isLeftOver: fc.boolean(),
    runNumber: fc.integer({ min: 1, max: 99 }),
  });

  it('is never called on while the leader says off, nor off or on while it says nothing; whoever keeps it off is named', () => {
    fc.assert(
      fc.property(fc.array(frontendOf, { maxLength: 4 }), fc.array(changeOf, { maxLength: 2 }), (some, kept) => {
        const frontends = some.map((each, at) => ({ label: `fe ${at}`, ...each }));
        const judged = judgeBalancing(
          frontends,
          kept.map((each) => ({ ...change, ...each })),
        );
        const words = balancingInWords(judged);
        const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
        const isOff = leader?.isOn === false || leader?.isColocateOn === false;
        expect(words).toMatch(leader?.isOn == null ? /not known$/ : isOff ? / is off/ : / is on$/);
        if (leader?.isOn != null && isOff) expect(words).toMatch(kept.length === 0 ? /no run of Starwarden/ : /R-\d+/);
      }),
    );
  });

  it.each([
    [{ isOn: true, isColocateOn: false, keptBy: null }, /^Balancing of colocation groups is off, and no run/],
    [
      { isOn: false, isColocateOn: true, keptBy: change },
      /off, that of colocation groups is on until 2027-01-02 14:30 UTC, by R-12/,
    ],
    [
      { isOn: false, isColocateOn: false, keptBy: { ...change, until: null, operation: 'upgradeCluster' } },
      /until R-12 \(upgradeCluster\) ends/,
    ],
    [{ isOn: false, isColocateOn: false, keptBy: { ...change, isLeftOver: true } }, /could not put it back; retry it/],
  ] as const)('%j', (balancing, words) => {
    expect(balancingInWords(balancing)).toMatch(words);
  });
});

it('every operation that changes the tablet scheduling for a time excludes the others that do, and unregistering', () => {
  const kinds = [pauseTabletScheduling, keepSchedulingPaused, switchOffBalancing].map(({ kind }) => kind);
  const changing = operations.filter(({ steps }) => steps.some(({ kind }) => kinds.includes(kind)));
  expect(changing.map(({ name }) => name).toSorted()).toEqual([
    ...['downgradeCluster', 'pauseBalancing', 'rollingRestart', 'upgradeCluster'],
  ]);
  const holding = operations.filter(({ locks }) => locks?.includes('tablet-scheduling'));
  expect(holding.map(({ name }) => name).toSorted()).toEqual(
    [...changing.map(({ name }) => name), 'unregisterCluster'].toSorted(),
  );
  // All of them but the pause of balancing change the cluster in other ways too.
  expect(holding.filter(({ locks }) => !locks?.includes('cluster')).map(({ name }) => name)).toEqual([
    'pauseBalancing',
  ]);
});
