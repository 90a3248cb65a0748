import { z } from 'zod';
import type { Check } from '../../src/domain/next-action.ts';
import type { StepSpec } from '../../src/domain/plan.ts';
import { theCluster } from '../../src/domain/subject.ts';
import type { AppError } from '../../src/errors.ts';
import { type AnyOperation, defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { defineStep } from '../../src/steps/define.ts';

/** A cluster made of one object: what it holds, what was done to it, and what is wrong with it. */
export type Toy = {
  values: Map<string, string>;
  /** Every effect that reached it, in order. */
  effects: string[];
  /** Answers for the next `apply` of a key, instead of doing it. */
  failNext: Map<string, AppError>;
  /** Keys whose check says that it goes on by itself, so many times. */
  moving: Map<string, number>;
  blocked: Map<string, string>;
  /** Keys whose value does not show before a change of them was refused. */
  late: Set<string>;
  /** Becomes `moving` when a change of the key is refused. */
  movingOnceRefused: Map<string, number>;
  /** Called in the middle of `apply`, after the effect. To be set before a run is asked for: a worker may take it up at once. */
  afterEffect: (key: string, runId: string) => Promise<void>;
  /** Keys of which the end says that they are not as they were. */
  stuck: Set<string>;
  /** What `observe` finds; part of the plan. */
  observed: string;
};

export function makeToy(): Toy {
  return {
    values: new Map(),
    effects: [],
    failNext: new Map(),
    moving: new Map(),
    blocked: new Map(),
    late: new Set(),
    movingOnceRefused: new Map(),
    afterEffect: async () => {},
    stuck: new Set(),
    observed: 'calm',
  };
}

/**
 * Operations that set values of a toy: `setValues` (its steps can be undone), `setTemporarily`, `sendAll` (may not be
 * repeated), `manage` (for administrators).
 */
export function toyOperations(toy: Toy): readonly AnyOperation[] {
  const check = (key: string, value: string): Check => {
    const why = toy.blocked.get(key);
    if (why !== undefined) return { state: 'blocked', code: 'PRECONDITION_FAILED', message: why, hint: 'Unblock it.' };
    const left = toy.moving.get(key) ?? 0;
    if (left > 0) {
      toy.moving.set(key, left - 1);
      return {
        state: 'moving',
        progress: { completed: 10 - left, total: 10, message: `${left} left` },
        wakeAfterMs: 20,
      };
    }
    if (toy.late.has(key)) return { state: 'todo' };
    return toy.values.get(key) === value ? { state: 'done', facts: { value } } : { state: 'todo' };
  };
  const apply = async (key: string, value: string, runId: string) => {
    const failure = toy.failNext.get(key);
    toy.failNext.delete(key);
    if (failure !== undefined) {
      toy.late.delete(key);
      toy.moving.set(key, toy.movingOnceRefused.get(key) ?? 0);
      throw failure;
    }
    toy.effects.push(`${key}=${value}`);
    toy.values.set(key, value);
    await toy.afterEffect(key, runId);
  };
  const pair = z.object({ key: z.string(), value: z.string() });
  const base = {
    params: pair,
    about: () => theCluster,
    effect: 'changes',
    ports: [],
    timeoutMs: 5_000,
    describe: ({ key, value }: { key: string; value: string }) => `Set ${key} to ${value}`,
  } as const;

  const clearValue = defineStep({
    ...base,
    kind: 'clearValue',
    repeat: 'safe',
    check: async ({ key }) => (toy.values.has(key) ? { state: 'todo' } : { state: 'done' }),
    apply: async ({ key }) => {
      const failure = toy.failNext.get(`clear ${key}`);
      toy.failNext.delete(`clear ${key}`);
      if (failure !== undefined) throw failure;
      toy.effects.push(`clear ${key}`);
      toy.values.delete(key);
    },
    undo: { nothing: 'Cleared is cleared.' },
  });
  const setValue = defineStep({
    ...base,
    kind: 'setValue',
    repeat: 'safe',
    check: async ({ key, value }) => check(key, value),
    apply: async ({ key, value }, _ports, { log, runId }) => {
      log(`setting ${key}`);
      await apply(key, value, runId);
    },
    undo: { steps: (params) => [clearValue.with(params)] },
  });
  const putBack = defineStep({
    ...base,
    kind: 'putBack',
    repeat: 'safe',
    check: async ({ key, value }) => (toy.values.get(key) === value ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ key, value }, _ports, { runId }) => apply(key, value, runId),
    undo: { nothing: 'It is an undo itself.' },
  });
  const changeForNow = defineStep({
    ...base,
    kind: 'changeForNow',
    repeat: 'safe',
    check: async ({ key, value }) => check(key, value),
    apply: async ({ key, value }, _ports, { runId }) => apply(key, value, runId),
    undo: { nothing: 'The ledger puts it back.' },
    temporary: {
      setting: 'toy',
      read: async ({ key }) => toy.values.get(key) ?? '',
      restore: ({ key }, before) => [putBack.with({ key, value: String(before) })],
    },
  });
  const sendOnce = defineStep({
    ...base,
    kind: 'sendOnce',
    repeat: 'ask',
    check: async ({ key, value }) => check(key, value),
    apply: async ({ key, value }, _ports, { runId }) => apply(key, value, runId),
    undo: { impossible: 'What was sent is sent' },
  });

  const input = z.object({
    clusterId,
    keys: z.array(z.string()).default(['a', 'b', 'c']).meta({ description: 'What to write.' }),
  });
  const operation = (
    name: string,
    risk: AnyOperation['risk'],
    steps: (keys: readonly string[]) => StepSpec[],
  ): AnyOperation =>
    defineOperation({
      name,
      title: name,
      version: 1,
      summary: 'A toy.',
      permission: name === 'manage' ? 'cluster:register' : 'cluster:check',
      risk,
      target: { kind: 'cluster', from: 'clusterId' },
      input,
      example: { clusterId: 'clu_01J00000000000000000000000', keys: ['a'] },
      slack: { verb: name.toLowerCase(), positional: ['clusterId'], examples: [`${name.toLowerCase()} toy`] },
      steps: [setValue, clearValue, changeForNow, putBack, sendOnce],
      observe: async () => toy.observed,
      plan: ({ keys }, observed) => ({
        summary: `${name} while ${observed}`,
        steps: steps(keys.map((key) => `${key}`)),
        notes: [observed],
      }),
      endCheck: async (_input, _ports, { ending }) => ({
        passed: toy.stuck.size === 0,
        checks: [
          {
            name: 'values-at-end',
            status: toy.stuck.size === 0 ? 'PASS' : 'FAIL',
            severity: 'BLOCK',
            observed: `${ending}: ${[...toy.values].map(([key, value]) => `${key}=${value}`).join(' ') || 'nothing set'}`,
            wanted: 'as before',
            hint: null,
          },
        ],
      }),
      postCheck: async ({ keys }) => {
        const wrong = name === 'setValues' && keys.some((key) => toy.values.get(`end-${key}`) === 'bad');
        return {
          passed: !wrong,
          checks: [
            {
              name: 'values',
              status: wrong ? 'FAIL' : 'PASS',
              severity: 'BLOCK',
              observed: wrong ? 'bad' : 'good',
              wanted: 'good',
              hint: null,
            },
          ],
        };
      },
    });

  return [
    operation('setValues', 'low', (keys) => keys.map((key) => setValue.with({ key, value: toy.observed }))),
    {
      ...operation('setForGood', 'low', (keys) => keys.map((key) => setValue.with({ key, value: toy.observed }))),
      noUndoAfterSuccess: 'Set is set',
    },
    operation('setCarefully', 'high', (keys) => keys.map((key) => setValue.with({ key, value: toy.observed }))),
    operation('destroyValues', 'destructive', (keys) => keys.map((key) => setValue.with({ key, value: 'gone' }))),
    operation('setTemporarily', 'low', (keys) => [
      changeForNow.with({ key: 'switch', value: 'off' }),
      ...keys.map((key) => setValue.with({ key, value: 'x' })),
    ]),
    operation('manage', 'low', (keys) => keys.map((key) => setValue.with({ key, value: 'managed' }))),
    operation('sendAll', 'low', (keys) => keys.map((key) => sendOnce.with({ key, value: 'sent' }))),
    operation('readOnly', 'read', (keys) => keys.map((key) => setValue.with({ key, value: 'read' }))),
  ];
}
