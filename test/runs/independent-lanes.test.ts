import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../src/errors.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId as clusterIdField } from '../../src/operations/input/fields.ts';
import { cancelRun, retryRun } from '../../src/runs/control.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import type { RunnerPoint } from '../../src/runs/engine.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import { listSteps, readRun } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';

const names = ['a', 'b', 'c', 'd'];
/** What was done, in order. */
let effects: string[];
let broken: Set<string>;
/** Lanes whose second step does not come to an end. */
let slow: Set<string>;
let opened: Map<string, number>;
let dieAt: RunnerPoint['at'] | null;

const base = {
  params: z.object({ name: z.string() }),
  about: ({ name }: { name: string }) => ({ kind: 'database', id: name, label: name }) as const,
  effect: 'changes',
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  undo: { nothing: 'It is a test.' },
} as const;

const open = defineStep({
  ...base,
  kind: 'open',
  facts: z.object({ number: z.int() }),
  describe: ({ name }) => `Open ${name}`,
  check: async () => ({ state: 'todo' }),
  apply: async ({ name }) => {
    const number = (opened.get(name) ?? 0) + 1;
    opened.set(name, number);
    return { state: 'done', facts: { number } };
  },
});
const work = defineStep({
  ...base,
  kind: 'work',
  needs: { opened: [open] },
  describe: ({ name }) => `Work on ${name}`,
  check: async ({ name }, _ports, { found, attempts }) => {
    if (attempts === 0 || found.opened === null) return { state: 'todo' };
    if (slow.has(name))
      return { state: 'moving', progress: { completed: 0, total: null, message: 'slow' }, wakeAfterMs: 20 };
    return effects.includes(`${name} ${found.opened.number}`) ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ name }, _ports, { found }) => {
    if (broken.has(name)) throw new AppError('SQL_FAILED', `${name} is broken`, { hint: 'Mend it.' });
    effects.push(`${name} ${found.opened?.number}`);
  },
  stop: async ({ name }) => {
    effects.push(`${name} stopped`);
  },
});

const operation = defineOperation({
  name: 'workAll',
  title: 'Work',
  version: 1,
  summary: 'A toy.',
  permission: 'cluster:check',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId: clusterIdField }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: null,
  steps: [open, work],
  observe: async () => null,
  plan: () => ({
    summary: 'work',
    steps: names.flatMap((name) => {
      const lane = { stage: 'All', name, width: 2, independent: true } as const;
      return [open.with({ name }, lane), work.with({ name }, lane)];
    }),
  }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

let engine: Engine;
let clusterId: string;
let clusters = 0;

beforeAll(async () => {
  engine = await startEngine({
    operations: [operation],
    observer: ({ at }) => {
      if (at !== dieAt) return;
      dieAt = null;
      throw new AppError('LEASE_LOST', 'The worker died');
    },
  });
});
beforeEach(async () => {
  clusters += 1;
  clusterId = await engine.addCluster(`toy-${clusters}`);
  [effects, broken, slow, opened, dieAt] = [[], new Set(), new Set(), new Map(), null];
});
afterAll(() => engine?.close());

async function start(): Promise<string> {
  const { run } = await submit(engine.ctx.engine, { operation: 'workAll', input: { clusterId }, actor: operator });
  if (run === null) throw new Error('no run');
  return run.id;
}

async function toEnd(runId: string) {
  await drive(engine.ctx.engine, runId);
  return readRun(engine.ctx.db, runId);
}

describe('independent lanes', () => {
  it('go on when others fail, and the run fails at its end and names each that did', async () => {
    broken = new Set(['a', 'c']);
    const run = await toEnd(await start());
    expect(effects.toSorted()).toEqual(['b 1', 'd 1']);
    expect(run).toMatchObject({
      state: 'FAILED',
      failure: { code: 'SQL_FAILED', message: '2 of 4 failed. a: a is broken; c: c is broken', hint: 'Mend it.' },
    });
  });

  it('are begun anew by a retry where they failed, and left alone where they are whole', async () => {
    broken = new Set(['b']);
    const id = await start();
    await toEnd(id);
    broken.clear();
    await retryRun(engine.ctx.engine, { runId: id, actor: operator });
    expect((await toEnd(id)).state).toBe('SUCCEEDED');
    expect(effects.toSorted()).toEqual(['a 1', 'b 2', 'c 1', 'd 1']);
  });

  it('tell of one that failed as of any other step where there is only that', async () => {
    broken = new Set(['d']);
    expect(await toEnd(await start())).toMatchObject({ failure: { message: '1 of 4 failed. d: d is broken' } });
  });

  it.each(['before-effect', 'after-effect', 'after-record', 'before-record'] as const)(
    'are done once each when a worker dies at %s beside a lane that failed',
    async (at) => {
      broken = new Set(['a']);
      dieAt = at;
      const id = await start();
      for (let tries = 0; tries < 4 && (await readRun(engine.ctx.db, id)).finishedAt === null; tries += 1)
        await drive(engine.ctx.engine, id);
      expect(await readRun(engine.ctx.db, id)).toMatchObject({ state: 'FAILED' });
      expect(new Set(effects.map((effect) => effect.slice(0, 1)))).toEqual(new Set(['b', 'c', 'd']));
    },
  );

  it('stop where they are when a person cancels the run', async () => {
    slow = new Set(['a', 'b']);
    const id = await start();
    const driving = drive(engine.ctx.engine, id);
    for (let tries = 0; tries < 200 && effects.length < 2; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await cancelRun(engine.ctx.engine, { runId: id, actor: operator });
    await driving;
    for (let tries = 0; tries < 20 && (await readRun(engine.ctx.db, id)).finishedAt === null; tries += 1)
      await toEnd(id);
    expect(await readRun(engine.ctx.db, id)).toMatchObject({ state: 'CANCELED' });
    expect(effects.toSorted()).toEqual(['a 1', 'a stopped', 'b 1', 'b stopped']);
    const untouched = (await listSteps(engine.ctx.db, id)).filter((step) => step.lane?.name === 'd');
    expect(untouched.map(({ state }) => state)).toEqual(['pending', 'pending']);
  });
});
