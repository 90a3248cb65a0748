import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StepSpec } from '../../src/domain/plan.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { insertSteps } from '../../src/store/runs/journal.ts';
import { createMigratedDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 1 });
});

afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const name = 'd'.repeat(256);
const step: StepSpec = {
  kind: 'takeBackup',
  title: 'back it up',
  params: {},
  about: { kind: 'database', id: name, label: name },
  effect: 'changes',
};

async function write(runId: string, steps: readonly StepSpec[]) {
  const planned = steps.map((each) => ({ ...each, phase: 'do' as const }));
  await insertSteps(db, { runId, from: 0 }, planned);
  return db.selectFrom('run_step').selectAll().where('run_id', '=', runId).orderBy('position').execute();
}

it('keeps a step about a database whose name is longer than the column', async () => {
  const [row] = await write('run_1', [step]);
  expect(row).toMatchObject({ about_id: name.slice(0, 255), about_label: name.slice(0, 255) });
});

it('writes one lane as one text, however its keys are ordered', async () => {
  const rows = await write('run_2', [
    { ...step, lane: { stage: 'Backends', name: 'be 1', width: 2 } },
    { ...step, lane: { width: 2, name: 'be 1', stage: 'Backends' } },
  ]);
  expect(new Set(rows.map(({ lane }) => lane)).size).toBe(1);
});
