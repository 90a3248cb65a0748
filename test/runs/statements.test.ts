import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { noOpOperation } from '../../bench/run-start/no-op.ts';
import { theCluster } from '../../src/domain/subject.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let engine: Engine;
let clusters = 0;
const statements: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    operations: [noOpOperation(() => {}), waits, ...toyOperations(makeToy())],
    onStatement: (statement) => statements.push(statement),
  });
});
afterAll(() => engine?.close());

/** How often the operation `waits` has looked. */
let looks = 0;

const waitUntilSeen = defineStep({
  kind: 'waitUntilSeen',
  params: z.object({}),
  about: () => theCluster,
  effect: 'looks',
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Wait until it is seen',
  check: async () => {
    looks += 1;
    if (looks > 10) return { state: 'done' };
    const message = looks < 5 ? 'Not there yet' : 'Half there';
    return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: 5 };
  },
  undo: { nothing: 'It only looks.' },
});

const waits = defineOperation({
  name: 'waits',
  title: 'Wait',
  version: 1,
  summary: 'Looks ten times in vain.',
  permission: 'cluster:check',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({ clusterId }),
  example: { clusterId: 'clu_01J00000000000000000000000' },
  slack: null,
  steps: [waitUntilSeen],
  observe: async () => null,
  plan: () => ({ summary: 'Waits', steps: [waitUntilSeen.with({})] }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

/** Every statement of a run, from the request to its end. Nobody else asks this database anything. */
async function statementsOf(operation: string, input: object): Promise<readonly string[]> {
  clusters += 1;
  const clusterId = await engine.addCluster(`toy-${clusters}`);
  statements.length = 0;
  const request = { operation, input: { clusterId, ...input }, actor: operator };
  const { run } = await submit(engine.ctx.engine, request);
  await drive(engine.ctx.engine, run?.id ?? '');
  const sent = [...statements];
  expect((await engine.until(run?.id ?? '')).state).toBe('SUCCEEDED');
  return sent;
}

describe('the statements of a run', () => {
  it('are at most forty where one step does nothing', async () => {
    expect((await statementsOf('noOp', {})).length).toBeLessThanOrEqual(40);
  });

  it('write what a wait says once for each thing that it says, however often it looks', async () => {
    const sent = await statementsOf('waits', {});
    expect(looks).toBe(11);
    const progress = sent.filter((statement) => statement.startsWith('update `run_step` set `progress`'));
    expect(progress).toHaveLength(2);
  });

  it('read its steps once, however many moves there are', async () => {
    const sent = await statementsOf('setValues', { keys: ['a', 'b', 'c', 'd', 'e'] });
    expect(sent.filter((statement) => statement.startsWith('select * from `run_step`'))).toHaveLength(1);
  });
});
