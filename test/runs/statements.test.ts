import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noOpOperation } from '../../bench/run-start/no-op.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import { submit } from '../../src/runs/submit.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';
import { makeToy, toyOperations } from '../helpers/toy-operations.ts';

let engine: Engine;
let clusters = 0;
const statements: string[] = [];

beforeAll(async () => {
  engine = await startEngine({
    operations: [noOpOperation(() => {}), ...toyOperations(makeToy())],
    onStatement: (statement) => statements.push(statement),
  });
});
afterAll(() => engine?.close());

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

  it('read its steps once, however many moves there are', async () => {
    const sent = await statementsOf('setValues', { keys: ['a', 'b', 'c', 'd', 'e'] });
    expect(sent.filter((statement) => statement.startsWith('select * from `run_step`'))).toHaveLength(1);
  });
});
