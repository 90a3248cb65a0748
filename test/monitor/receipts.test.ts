import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { type Receipt, receiptInWords } from '../../src/domain/receipt.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { listAlerts } from '../../src/store/reads/alerts.ts';
import { readReceipt } from '../../src/store/reads/receipts.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('worked-on');
});
afterAll(() => engine?.close());

/** A look that finds these nodes down while runs work on those. */
async function look(
  down: readonly string[],
  workOn: readonly string[],
  unjudged: readonly string[] = [],
): Promise<void> {
  const { db } = engine.ctx;
  const claim = await claimProbe(db, { clusterId, holder: 'me', claimMs: 10_000, nextInMs: 0 });
  if (claim === null) throw new Error('the look is not due');
  const conditions = down.map((nodeId) => ({
    ...({ rule: 'node_down', severity: 'CRITICAL', nodeId, labels: { node: nodeId } } as const),
    fingerprint: alertFingerprint({ clusterId, rule: 'node_down', labels: { node: nodeId } }),
    ...{ title: `${nodeId} is down`, pastTitle: `${nodeId} was down`, text: ['Down.'] },
    ...{ startedAt: null, forMs: 0, minSamples: 1 },
  }));
  const plannedWork = workOn.map((nodeId) => ({ nodeId, runId: 'run_9' }));
  const outcome = { durationMs: 5, ok: true, problem: null, leader: null, nodes: [] };
  await recordSample(db, {
    ...{ claim, look: null, policy: { times: defaultAlertTimes, rules } },
    outcome: { ...outcome, sample: { conditions, unjudged, plannedWork } },
  });
}

it('says of what a run hid how much cleared, what is open now, and what nobody knows', async () => {
  const { db } = engine.ctx;
  expect(await readReceipt(db, 'run_9')).toBeNull();
  await look(['nod_a', 'nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c', 'nod_d']);
  expect(await readReceipt(db, 'run_9')).toMatchObject({ hidden: 3, cleared: 0, open: [], stillHidden: 3 });
  // Back for a moment and away again while the run works: not over.
  await look(['nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c']);
  await look(['nod_a', 'nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c']);
  expect(await readReceipt(db, 'run_9')).toMatchObject({ hidden: 3, cleared: 0, stillHidden: 3 });

  await look(['nod_b', 'nod_c'], ['nod_c']);
  const page = { limit: 5, after: null };
  const [opened] = await listAlerts(db, { visibility: 'everywhere', filter: { clusterId }, page });
  expect(opened).toMatchObject({ title: 'nod_b is down', mute: { kind: 'NONE' } });
  const open = [opened?.number];
  expect(await readReceipt(db, 'run_9')).toEqual({ hidden: 3, cleared: 1, open, stillHidden: 1, unknown: 0 });
  await db
    .updateTable('hidden_by_run')
    .set({ covered_at: new Date(0) })
    .execute();
  await look([], [], ['node_down']);
  expect(await readReceipt(db, 'run_9')).toEqual({ hidden: 3, cleared: 1, open, stillHidden: 0, unknown: 1 });
});

it.each<[Receipt, string]>([
  [
    { hidden: 17, cleared: 15, open: [91, 92], stillHidden: 0, unknown: 0 },
    '17 alerts hidden while it worked: 15 cleared by themselves, 2 open now (A-91, A-92).',
  ],
  [{ hidden: 1, cleared: 0, open: [], stillHidden: 1, unknown: 0 }, '1 alert hidden while it worked: 1 still hidden.'],
])('says it in words', (receipt, words) => {
  expect(receiptInWords(receipt)).toBe(words);
});
