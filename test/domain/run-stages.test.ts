import { describe, expect, it } from 'vitest';
import type { StepPhase, StepState } from '../../src/domain/run.ts';
import { groupByStage, type StagedStep, stagesOf } from '../../src/domain/run-stages.ts';
import { theCluster } from '../../src/domain/subject.ts';

/** `do machines/a done` in short; the last word may be `of 3` (takes 3 back) or `begun`. */
function steps(...lines: readonly (readonly [StepPhase, string, StepState, (Partial<StagedStep> | undefined)?])[]) {
  return lines.map(([phase, place, state, more], position): StagedStep => {
    const [stage = '', name] = place.split('/');
    return {
      position,
      phase,
      about: theCluster,
      title: name === undefined ? stage : `${stage} ${name} ${position}`,
      state,
      undoOf: null,
      lane: name === undefined ? null : { stage, name, width: 2 },
      failure: null,
      startedAt: null,
      ...more,
    };
  });
}

function short(given: readonly StagedStep[]): string[] {
  return stagesOf(given).map(
    ({ name, phase, state, lanes }) =>
      `${phase} ${name} ${state}${lanes.length === 0 ? '' : `: ${lanes.map((lane) => `${lane.name} ${lane.state}`).join(', ')}`}`,
  );
}

describe('the stages of a run', () => {
  it('are its stages with their lanes, and each step that stands alone', () => {
    const given = steps(
      ['do', 'Image', 'done'],
      ['do', 'Wave/a', 'done'],
      ['do', 'Wave/a', 'done'],
      ['do', 'Wave/b', 'done'],
      ['do', 'Wave/b', 'pending'],
      ['do', 'Wave/c', 'pending'],
      ['do', 'Wave/d', 'pending', { startedAt: new Date() }],
      ['do', 'Soak', 'pending'],
    );
    expect(short(given)).toEqual([
      'do Image DONE',
      'do Wave RUNNING: a DONE, b RUNNING, c PENDING, d RUNNING',
      'do Soak PENDING',
    ]);
    expect(stagesOf(given)[1]?.lanes.map((lane) => lane.current?.position ?? null)).toEqual([null, 4, 5, 6]);
    expect(stagesOf(given)[1]?.width).toBe(2);
  });

  it('say what takes a failed lane back, step by step', () => {
    const during = steps(
      ['do', 'Wave/a', 'done'],
      ['do', 'Wave/a', 'failed'],
      ['do', 'Wave/b', 'done'],
      ['recover', 'Wave/a', 'done', { undoOf: 1 }],
      ['recover', 'Wave/a', 'applying', { undoOf: 0 }],
      ['restore', 'Balancing', 'pending'],
    );
    expect(short(during)).toEqual([
      'do Wave TAKING_BACK: a TAKING_BACK, b DONE',
      'recover Wave RUNNING: a RUNNING',
      'restore Balancing PENDING',
    ]);
    const [lane] = stagesOf(during)[0]?.lanes ?? [];
    expect([lane?.current?.position, lane?.failed?.position]).toEqual([4, 1]);
    const after = during.map((step) => (step.phase === 'do' ? step : { ...step, state: 'done' as const }));
    expect(short(after)[0]).toBe('do Wave TAKEN_BACK: a TAKEN_BACK, b DONE');
    const broken = during.map((step) => (step.position === 4 ? { ...step, state: 'failed' as const } : step));
    expect(short(broken)[0]).toBe('do Wave FAILED: a FAILED, b DONE');
  });

  it('forget a recovery when the run was retried since', () => {
    expect(short(steps(['do', 'Wave/a', 'pending'], ['recover', 'Wave/a', 'done']))).toEqual([
      'do Wave PENDING: a PENDING',
    ]);
  });

  it('call a stage done when what is not done was left out', () => {
    expect(short(steps(['do', 'W/a', 'done'], ['do', 'W/a', 'skipped'], ['do', 'W/b', 'already']))).toEqual([
      'do W DONE: a SKIPPED, b DONE',
    ]);
    expect(short(steps(['do', 'W/a', 'skipped']))).toEqual(['do W SKIPPED: a SKIPPED']);
  });

  it('know an undo that was planned anew by the names of its lanes, and not where nothing was done', () => {
    const given = steps(
      ['do', 'W/a', 'done'],
      ['do', 'W/b', 'pending'],
      ['do', 'Image', 'done'],
      ['undo', 'Back/a', 'applying'],
      ['undo', 'Clean up/b', 'pending'],
      ['undo', 'Image back', 'pending', { undoOf: 2 }],
    );
    expect(short(given)).toEqual([
      'do W TAKING_BACK: a TAKING_BACK, b PENDING',
      'do Image TAKING_BACK',
      'undo Back RUNNING: a RUNNING',
      'undo Clean up PENDING: b PENDING',
      'undo Image back PENDING',
    ]);
  });
});

it('neighbours of one stage are one group, also in a plan', () => {
  const lane = (stage: string) => ({ lane: { stage, name: 'a', width: 1 } });
  const groups = groupByStage([{}, {}, lane('one'), lane('one'), lane('two'), {}]);
  expect(groups.map(({ stage, steps: own }) => [stage?.stage ?? null, own.length])).toEqual([
    [null, 1],
    [null, 1],
    ['one', 2],
    ['two', 1],
    [null, 1],
  ]);
});
