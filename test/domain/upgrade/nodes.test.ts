import { describe, expect, it } from 'vitest';
import { type LaneStep, upgradedNodes } from '../../../src/domain/upgrade/nodes.ts';

const kinds = ['guardNode', 'stopNode', 'swapBinaries', 'startNode', 'awaitVersion', 'awaitTablets'] as const;
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));

function step(position: number, kind: string, more: Partial<LaneStep> = {}): LaneStep {
  const times = { startedAt: null, finishedAt: null };
  const lane = { stage: 'Backends, canary', name: 'be 10.0.0.1:9050', width: 1 };
  return { position, kind, phase: 'do', state: 'pending', lane, undoOf: null, ...times, ...more };
}

/** The lane of one node; the step at position n was sent at second 10 n and found done five seconds later. */
function lane(done: number, more: (kind: string) => Partial<LaneStep> = () => ({})): LaneStep[] {
  return kinds.map((kind, position) => {
    const over = { startedAt: at(position * 10), finishedAt: at(position * 10 + 5) };
    return step(position, kind, { ...(position < done ? { state: 'done', ...over } : {}), ...more(kind) });
  });
}

describe('the nodes of an upgrade', () => {
  it('are away from the moment they were told to stop until their version was found', () => {
    expect(upgradedNodes(lane(6))).toEqual([
      {
        node: 'be 10.0.0.1:9050',
        stage: 'Backends, canary',
        state: 'DONE',
        stoppedAt: at(10),
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
  ] as const)('with %i steps done are %s', (done, state, stoppedAt, backAt) => {
    expect(upgradedNodes(lane(done))).toMatchObject([{ state, stoppedAt, backAt }]);
  });

  it('leave out lanes that stop nothing, and steps that stand alone', () => {
    const staging = { stage: 'Stage', name: '10.0.0.1:22', width: 8 };
    expect(
      upgradedNodes([step(0, 'stageArchive', { lane: staging, state: 'done' }), step(1, 'stopNode', { lane: null })]),
    ).toEqual([]);
  });

  it('that were there already were not away', () => {
    const already = lane(6, () => ({ state: 'already' }));
    expect(upgradedNodes(already)).toMatchObject([{ state: 'DONE', stoppedAt: null, backAt: null, awayMs: null }]);
  });

  it('that failed were away until their old version ran again', () => {
    const failed = lane(4, (kind) => (kind === 'awaitVersion' ? { state: 'failed', startedAt: at(40) } : {}));
    const recover = (state: LaneStep['state']) =>
      ['startNode', 'awaitNode'].map((kind, index) =>
        step(6 + index, kind, { phase: 'recover', undoOf: 1, state, finishedAt: state === 'done' ? at(90) : null }),
      );
    expect(upgradedNodes(failed)).toMatchObject([{ state: 'FAILED', awayMs: null }]);
    expect(upgradedNodes([...failed, ...recover('pending')])).toMatchObject([{ state: 'TAKING_BACK', awayMs: null }]);
    expect(upgradedNodes([...failed, ...recover('done')])).toMatchObject([{ state: 'TAKEN_BACK', awayMs: 80_000 }]);
    expect(upgradedNodes([...failed, ...recover('failed')])).toMatchObject([{ state: 'FAILED', awayMs: null }]);
  });

  it('that are tried again are away anew, and the recovery before does not count', () => {
    const recovered = step(6, 'awaitNode', { phase: 'recover', undoOf: 1, state: 'done', finishedAt: at(5) });
    expect(upgradedNodes([...lane(2), recovered])).toMatchObject([
      { state: 'RUNNING', stoppedAt: at(10), backAt: null },
    ]);
    expect(upgradedNodes([...lane(6), recovered])).toMatchObject([{ state: 'DONE', awayMs: 35_000 }]);
  });

  it('that the run went on without are skipped', () => {
    const skipped = lane(1, (kind) => (kind === 'guardNode' ? {} : { state: 'skipped' }));
    expect(upgradedNodes(skipped)).toMatchObject([{ state: 'SKIPPED', awayMs: null }]);
  });

  it('are taken back when somebody undoes the run, whatever stages the way back has', () => {
    const back = { stage: 'Backends, back', name: 'be 10.0.0.1:9050', width: 1 };
    const undo = step(6, 'stopNode', { phase: 'undo', lane: back, state: 'applying', startedAt: at(200) });
    expect(upgradedNodes([...lane(6), undo])).toMatchObject([{ state: 'TAKING_BACK', awayMs: 35_000 }]);
    expect(upgradedNodes([...lane(6), { ...undo, state: 'done' }])).toMatchObject([{ state: 'TAKEN_BACK' }]);
    expect(upgradedNodes([...lane(6), { ...undo, lane: null, undoOf: 1 }])).toMatchObject([{ state: 'TAKING_BACK' }]);
  });

  it('come in the order of the plan, whatever order the rows have', () => {
    const two = [
      ...lane(6),
      ...lane(0).map((row) => ({ ...row, position: row.position + 10, lane: { stage: 'x', name: 'b', width: 1 } })),
    ];
    expect(upgradedNodes(two.toReversed()).map(({ node }) => node)).toEqual(['be 10.0.0.1:9050', 'b']);
  });
});
