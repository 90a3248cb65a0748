import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseNow } from '../../../src/store/database.ts';
import { claimFacts, listDueFacts, readFactAnswers, saveFacts } from '../../../src/store/metrics/facts.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';

let engine: Engine;
let clusterId: string;

beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('asked');
});
afterAll(() => engine.close());

const answers = { tablets: { atMs: 1, values: [{ subject: {}, value: 3 }] } } as const;

it('asks a cluster that answered once, one asker at a time, and keeps what the holder of the claim found', async () => {
  const { db } = engine.ctx;
  expect(await listDueFacts(db, 10)).toEqual([]);
  await db.updateTable('cluster').set({ observed_at: databaseNow }).where('id', '=', clusterId).execute();
  expect(await listDueFacts(db, 10)).toEqual([clusterId]);
  const claim = (holder: string) => claimFacts(db, { clusterId, holder, claimMs: 200, nextInMs: 0 });
  const [first, ...others] = (await Promise.all(['a', 'b', 'c'].map(claim))).filter((one) => one !== null);
  if (first === undefined) throw new Error('nobody has it');
  expect(others).toEqual([]);
  expect(await listDueFacts(db, 10)).toEqual([]);
  await saveFacts(db, first, answers);
  expect(await readFactAnswers(db, clusterId, () => undefined)).toEqual(answers);
  const second = await claim('b');
  expect(second?.before).toEqual(answers);
  // Its claim ends while it sleeps, and somebody else has it by then.
  await expect.poll(() => listDueFacts(db, 10)).toEqual([clusterId]);
  const heir = await claim('c');
  if (second === null || heir === null) throw new Error('it was free');
  await saveFacts(db, second, {});
  expect(await readFactAnswers(db, clusterId, () => undefined)).toEqual(answers);
});
