import { describe, expect, it } from 'vitest';
import { type AbsenceStep, absencesIn, seenBefore } from '../../src/domain/absences.ts';
import type { StepEffect, Subject } from '../../src/domain/subject.ts';

/** Kinds that no operation has: only what they say of themselves counts. */
const kinds = [
  ['consider', 'looks'],
  ['sendHome', 'takes-away'],
  ['repaint', 'changes'],
  ['fetchBack', 'brings-back'],
  ['greet', 'brings-back'],
  ['stopTheClock', 'changes'],
] as const satisfies readonly (readonly [string, StepEffect])[];

const gate: Subject = { kind: 'node', id: 'nod_1', label: 'gate 1' };
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));

function step(position: number, title: string, more: Partial<AbsenceStep> = {}): AbsenceStep {
  const effect = kinds.find(([name]) => name === title)?.[1] ?? 'changes';
  const lane = { stage: 'Gates, first', name: 'gate 1', width: 1 };
  const empty = {
    phase: 'do',
    state: 'pending',
    undoOf: null,
    failure: null,
    startedAt: null,
    finishedAt: null,
  } as const;
  return { ...empty, position, title, about: gate, effect, lane, ...more };
}

/** The lane of one gate; the step at position n was sent at second 10 n and found done five seconds later. */
function lane(done: number, more: (title: string) => Partial<AbsenceStep> = () => ({})): AbsenceStep[] {
  return kinds.map(([title], position) => {
    const over = { startedAt: at(position * 10), finishedAt: at(position * 10 + 5) };
    return step(position, title, { ...(position < done ? { state: 'done', ...over } : {}), ...more(title) });
  });
}

describe('whom a run takes away', () => {
  it('are away from the moment they were told to go until the last step in a row that brings them back', () => {
    expect(absencesIn(lane(6))).toEqual([
      {
        about: gate,
        name: 'gate 1',
        stage: 'Gates, first',
        state: 'DONE',
        awaySince: at(10),
        backAt: at(45),
        awayMs: 35_000,
      },
    ]);
  });

  it.each([
    [0, 'PENDING', null, null],
    [1, 'RUNNING', null, null],
    [4, 'RUNNING', at(10), null],
    [5, 'RUNNING', at(10), at(45)],
  ] as const)('with %i steps done are %s', (done, state, awaySince, backAt) => {
    expect(absencesIn(lane(done))).toMatchObject([{ state, awaySince, backAt }]);
  });

  it('leave out lanes that take nobody away, and steps that stand alone', () => {
    const staging = { stage: 'Stage', name: '10.0.0.1:22', width: 8 };
    expect(
      absencesIn([step(0, 'repaint', { lane: staging, state: 'done' }), step(1, 'sendHome', { lane: null })]),
    ).toEqual([]);
  });

  it.each<[string, Partial<AbsenceStep>]>([
    ['stopRoutineLoad', { effect: 'changes', about: { kind: 'database', id: 'sales', label: 'sales' } }],
    ['stopNode', { effect: 'looks' }],
    ['awaitVersion', { effect: 'waits' }],
  ])('are told by what a step does, not by its name: %s takes nobody away', (title, what) => {
    const sales = { stage: 'Loads', name: 'sales', width: 1 };
    expect(absencesIn([step(0, title, { lane: sales, state: 'done', startedAt: at(0), ...what })])).toEqual([]);
  });

  it('may be anything that serves', () => {
    const about: Subject = { kind: 'database', id: 'sales', label: 'sales' };
    expect(absencesIn(lane(6, () => ({ about })))).toMatchObject([{ about, awayMs: 35_000 }]);
  });

  it('are not back because somebody else is', () => {
    const other: Subject = { kind: 'node', id: 'nod_2', label: 'gate 2' };
    const returns = (title: string) => (title === 'greet' || title === 'fetchBack' ? { about: other } : {});
    expect(absencesIn(lane(6, returns))).toMatchObject([{ about: gate, backAt: null, awayMs: null }]);
  });

  it('that were gone already were not away', () => {
    const already = lane(6, () => ({ state: 'already' }));
    expect(absencesIn(already)).toMatchObject([{ state: 'DONE', awaySince: null, backAt: null, awayMs: null }]);
  });

  it('that failed were away until they were as before', () => {
    const failed = lane(4, (title) => (title === 'greet' ? { state: 'failed', startedAt: at(40) } : {}));
    const recover = (state: AbsenceStep['state']) =>
      ['fetchBack', 'greet'].map((title, index) =>
        step(6 + index, title, { phase: 'recover', undoOf: 1, state, finishedAt: state === 'done' ? at(90) : null }),
      );
    expect(absencesIn(failed)).toMatchObject([{ state: 'FAILED', awayMs: null }]);
    expect(absencesIn([...failed, ...recover('pending')])).toMatchObject([{ state: 'TAKING_BACK', awayMs: null }]);
    expect(absencesIn([...failed, ...recover('done')])).toMatchObject([{ state: 'TAKEN_BACK', awayMs: 80_000 }]);
    expect(absencesIn([...failed, ...recover('failed')])).toMatchObject([{ state: 'FAILED', awayMs: null }]);
  });

  it('that are tried again are away anew, and the recovery before does not count', () => {
    const recovered = step(6, 'greet', { phase: 'recover', undoOf: 1, state: 'done', finishedAt: at(5) });
    expect(absencesIn([...lane(2), recovered])).toMatchObject([{ state: 'RUNNING', awaySince: at(10), backAt: null }]);
    expect(absencesIn([...lane(6), recovered])).toMatchObject([{ state: 'DONE', awayMs: 35_000 }]);
  });

  it('that the run went on without are skipped', () => {
    const skipped = lane(1, (title) => (title === 'consider' ? {} : { state: 'skipped' }));
    expect(absencesIn(skipped)).toMatchObject([{ state: 'SKIPPED', awayMs: null }]);
  });

  it('are taken back when somebody undoes the run, whatever stages the way back has', () => {
    const back = { stage: 'Gates, back', name: 'gate 1', width: 1 };
    const undo = step(6, 'sendHome', { phase: 'undo', lane: back, state: 'applying', startedAt: at(200) });
    expect(absencesIn([...lane(6), undo])).toMatchObject([{ state: 'TAKING_BACK', awayMs: 35_000 }]);
    expect(absencesIn([...lane(6), { ...undo, state: 'done' }])).toMatchObject([{ state: 'TAKEN_BACK' }]);
    expect(absencesIn([...lane(6), { ...undo, lane: null, undoOf: 1 }])).toMatchObject([{ state: 'TAKING_BACK' }]);
  });

  it('come in the order of the plan, whatever order the rows have', () => {
    const two = [
      ...lane(6),
      ...lane(0).map((row) => ({ ...row, position: row.position + 10, lane: { stage: 'x', name: 'b', width: 1 } })),
    ];
    expect(absencesIn(two.toReversed()).map(({ name }) => name)).toEqual(['gate 1', 'b']);
  });
});

it.each<[string | null, [StepEffect, string | null][]]>([
  [
    'red',
    [
      ['looks', 'red'],
      ['takes-away', null],
      ['brings-back', 'blue'],
    ],
  ],
  [
    'green',
    [
      ['looks', 'red'],
      ['looks', 'green'],
      ['changes', null],
      ['takes-away', null],
    ],
  ],
  [
    null,
    [
      ['looks', null],
      ['takes-away', null],
      ['brings-back', 'blue'],
    ],
  ],
  [null, [['looks', 'red']]],
])('what was seen before they went is %s', (seen, lane) => {
  expect(seenBefore(lane.map(([effect, observed]) => ({ effect, observed })))).toBe(seen);
});
