import { describe, expect, it } from 'vitest';
import { type Check, nextAction } from '../../src/domain/next-action.ts';

const done: Check = { state: 'done', facts: { pid: 7 } };
const todo: Check = { state: 'todo' };
const moving: Check = {
  state: 'moving',
  progress: { completed: 1, total: 3, message: 'one of three' },
  wakeAfterMs: 900,
};
const blocked: Check = { state: 'blocked', code: 'QUORUM_AT_RISK', message: 'two of three', hint: 'wait' };

describe('nextAction', () => {
  it.each([
    ['records what was there before as not ours', 'pending', done, 'safe', null, { do: 'record', state: 'already' }],
    ['acts on what is to do', 'pending', todo, 'ask', null, { do: 'apply' }],
    [
      'records an effect that a crash left unrecorded as ours',
      'applying',
      done,
      'ask',
      null,
      { do: 'record', state: 'done' },
    ],
    ['acts again after a crash where that is safe', 'applying', todo, 'safe', null, { do: 'apply' }],
    ['asks a person after a crash where it is not', 'applying', todo, 'ask', null, { do: 'interrupt' }],
    ['waits for an effect that does not show yet', 'applying', todo, 'safe', 4_999, { do: 'wait' }],
    ['fails when an effect never shows', 'applying', todo, 'safe', 5_000, { do: 'fail', code: 'POSTCHECK_FAILED' }],
    ['waits for what goes on by itself', 'applying', moving, 'safe', null, { do: 'wait', wakeAfterMs: 900 }],
    ['waits for what somebody else began', 'pending', moving, 'safe', null, { do: 'wait', wakeAfterMs: 900 }],
    [
      'stops with the reason when blocked',
      'pending',
      blocked,
      'safe',
      null,
      { do: 'fail', code: 'QUORUM_AT_RISK', hint: 'wait' },
    ],
    [
      'stops with the reason when blocked after a crash',
      'applying',
      blocked,
      'safe',
      null,
      { do: 'fail', code: 'QUORUM_AT_RISK' },
    ],
  ] as const)('%s', (_what, journal, check, repeat, appliedMsAgo, wanted) => {
    expect(nextAction({ journal, check, repeat, appliedMsAgo, settleMs: 5_000, keepsUp: false })).toMatchObject(wanted);
  });

  it('brings an effect about again in a step that lasts, whenever it is lost, and never says that it was missing', () => {
    const lasting = { repeat: 'safe', settleMs: 0, keepsUp: true, journal: 'applying' } as const;
    expect(nextAction({ ...lasting, check: todo, appliedMsAgo: 60_000 })).toEqual({ do: 'apply' });
    expect(nextAction({ ...lasting, check: moving, appliedMsAgo: 60_000 })).toMatchObject({ do: 'wait' });
  });
});
