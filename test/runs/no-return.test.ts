import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId as clusterIdField } from '../../src/operations/input/fields.ts';
import { cancelRun } from '../../src/runs/control.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import { readRun } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';

/** What was done, in order. */
let effects: string[];
/** The kind of step that cannot be carried out. */
let broken: string;
/** Whether the drain comes to its end, and whether only when it is to be stopped. */
let drained: 'not yet' | 'when stopped' | 'yes';

const base = {
  params: z.object({}),
  about: () => ({ kind: 'database', id: 'a', label: 'a' }) as const,
  effect: 'changes',
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  undo: { nothing: 'It is a test.' },
} as const;
const look = async (what: string) =>
  effects.includes(what) ? ({ state: 'done' } as const) : ({ state: 'todo' } as const);
const make = async (what: string) => {
  if (broken === what) throw new AppError('SQL_FAILED', `${what} is broken`, { hint: 'Mend it.' });
  effects.push(what);
};

const start = defineStep({
  ...base,
  kind: 'start',
  describe: () => 'Start',
  check: async () => look('start'),
  apply: async () => make('start'),
});
const stop = defineStep({
  ...base,
  kind: 'stop',
  bindsNext: true,
  describe: () => 'Stop',
  check: async () => look('stop'),
  apply: async () => make('stop'),
  recover: () => [start.with({})],
});
const drain = defineStep({
  ...base,
  kind: 'drain',
  bindsNext: true,
  describe: () => 'Drain',
  check: async () => {
    if (!effects.includes('drain')) return { state: 'todo' };
    if (drained === 'yes') return { state: 'done' };
    return { state: 'moving', progress: { completed: 0, total: null, message: 'draining' }, wakeAfterMs: 20 };
  },
  apply: async () => make('drain'),
  stop: async () => {
    if (drained === 'not yet') return void effects.push('stopped draining');
    drained = 'yes';
    throw new AppError('PRECONDITION_FAILED', 'It has left already', { hint: 'Look.' });
  },
});
const drop = defineStep({
  ...base,
  kind: 'drop',
  bindsNext: true,
  pointOfNoReturn: true,
  describe: () => 'Drop',
  check: async () => look('drop'),
  apply: async () => make('drop'),
});
const sweep = defineStep({
  ...base,
  kind: 'sweep',
  describe: () => 'Sweep',
  check: async () => look('sweep'),
  apply: async () => make('sweep'),
});

const lane = { stage: 'All', name: 'a', width: 1 } as const;
const remove = defineOperation({
  name: 'removeIt',
  title: 'Remove',
  version: 1,
  summary: 'A toy.',
  permission: 'cluster:check',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId: clusterIdField, drains: z.boolean().meta({ description: 'Drain it first.' }) }),
  example: { clusterId: 'clu_01J00000000000000000000000', drains: false },
  slack: null,
  steps: [start, stop, drain, drop, sweep],
  observe: async () => null,
  plan: ({ drains }) => ({
    summary: 'remove',
    steps: [drains ? drain.with({}, lane) : stop.with({}, lane), drop.with({}, lane), sweep.with({}, lane)],
  }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

let engine: Engine;
let clusters = 0;
beforeAll(async () => {
  engine = await startEngine({ operations: [remove] });
});
beforeEach(() => {
  [effects, broken, drained] = [[], '', 'not yet'];
});
afterAll(() => engine?.close());

async function ask(drains: boolean): Promise<string> {
  clusters += 1;
  const input = { clusterId: await engine.addCluster(`toy-${clusters}`), drains };
  const { run } = await submit(engine.ctx.engine, { operation: 'removeIt', input, actor: operator });
  if (run === null) throw new Error('no run');
  return run.id;
}

async function toEnd(runId: string) {
  for (let tries = 0; tries < 20 && (await readRun(engine.ctx.db, runId)).finishedAt === null; tries += 1)
    await drive(engine.ctx.engine, runId);
  return readRun(engine.ctx.db, runId);
}

async function cancelWhileDraining(runId: string) {
  const driving = drive(engine.ctx.engine, runId);
  for (let tries = 0; tries < 200 && !effects.includes('drain'); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  await cancelRun(engine.ctx.engine, { runId, actor: operator });
  await driving;
  return toEnd(runId);
}

describe('a step after which nothing is taken back', () => {
  it('was not reached: what the lane did before is taken back', async () => {
    broken = 'drop';
    expect(await toEnd(await ask(false))).toMatchObject({ state: 'FAILED', failure: { message: 'drop is broken' } });
    expect(effects).toEqual(['stop', 'start']);
  });

  it('was done: what was stopped for it stays stopped when a later step fails', async () => {
    broken = 'sweep';
    expect(await toEnd(await ask(false))).toMatchObject({ state: 'FAILED', failure: { message: 'sweep is broken' } });
    expect(effects).toEqual(['stop', 'drop']);
  });
});

describe('a step that can be stopped', () => {
  it('is stopped when the run is cancelled, and nothing follows', async () => {
    expect(await cancelWhileDraining(await ask(true))).toMatchObject({ state: 'CANCELED' });
    expect(effects).toEqual(['drain', 'stopped draining']);
  });

  it('counts as done when it came to its end just then, and what it binds is done too', async () => {
    drained = 'when stopped';
    expect(await cancelWhileDraining(await ask(true))).toMatchObject({ state: 'CANCELED' });
    expect(effects).toEqual(['drain', 'drop', 'sweep']);
  });
});
