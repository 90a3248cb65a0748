import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { isReceiptKept, type Receipt, receiptInWords, receiptNow } from '../../src/domain/receipt.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { listAlerts } from '../../src/store/reads/alerts.ts';
import { readReceipt } from '../../src/store/reads/receipts.ts';
import type { Visibility } from '../../src/store/reads/visibility.ts';
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

const receipt = (visibility: Visibility = 'everywhere') => readReceipt(engine.ctx.db, { runId: 'run_9', visibility });

it('says of what a run hid how much cleared, what is open now, and what nobody knows', async () => {
  const { db } = engine.ctx;
  expect(await receipt()).toBeNull();
  await look(['nod_a', 'nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c', 'nod_d']);
  expect(await receipt()).toMatchObject({ hidden: 3, cleared: 0, open: [], stillHidden: 3 });
  // Back for a moment and away again while the run works: not over.
  await look(['nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c']);
  await look(['nod_a', 'nod_b', 'nod_c'], ['nod_a', 'nod_b', 'nod_c']);
  expect(await receipt()).toMatchObject({ hidden: 3, cleared: 0, stillHidden: 3 });

  await look(['nod_b', 'nod_c'], ['nod_c']);
  const page = { limit: 5, after: null };
  const [opened] = await listAlerts(db, { visibility: 'everywhere', filter: { clusterId }, page });
  expect(opened).toMatchObject({ title: 'nod_b is down', mute: { kind: 'NONE' } });
  const open = [{ id: opened?.id, number: opened?.number }];
  expect(await receipt()).toEqual({ hidden: 3, cleared: 1, open, openUnseen: 0, stillHidden: 1, unknown: 0 });
  // The run was seen where the cluster was then; its alerts belong to where it is now.
  expect(await receipt({ environments: ['elsewhere'], clusterIds: [] })).toMatchObject({ open: [], openUnseen: 1 });
  expect(await receipt({ environments: [], clusterIds: [clusterId] })).toMatchObject({ open, openUnseen: 0 });
  await db
    .updateTable('hidden_by_run')
    .set({ covered_at: new Date(0) })
    .execute();
  await look([], [], ['node_down']);
  expect(await receipt()).toEqual({ hidden: 3, cleared: 1, open, openUnseen: 0, stillHidden: 0, unknown: 1 });
});

const none = { openUnseen: 0, stillHidden: 0, unknown: 0 };
function openOnes(...numbers: readonly number[]): Receipt['open'] {
  return numbers.map((number) => ({ id: `alr_${number}`, number }));
}

it.each<[Receipt, string]>([
  [
    { hidden: 17, cleared: 15, open: openOnes(91, 92), openUnseen: 0, stillHidden: 0, unknown: 0 },
    '17 alerts hidden while it worked: 15 cleared by themselves, 2 open now (A-91, A-92).',
  ],
  [
    { hidden: 1, cleared: 0, open: [], openUnseen: 0, stillHidden: 1, unknown: 0 },
    '1 alert hidden while it worked: 1 still hidden.',
  ],
  [
    { hidden: 3, cleared: 0, open: openOnes(4), openUnseen: 2, stillHidden: 0, unknown: 0 },
    '3 alerts hidden while it worked: 3 open now (A-4, 2 that you may not see).',
  ],
  [
    { hidden: 22, cleared: 0, open: openOnes(...Array.from({ length: 22 }, (_, at) => at)), ...none },
    `22 alerts hidden while it worked: 22 open now (${Array.from({ length: 20 }, (_, at) => `A-${at}`).join(', ')}, 2 more).`,
  ],
])('says it in words', (receipt, words) => {
  expect(receiptInWords(receipt)).toBe(words);
});

it('says until when it is not final', () => {
  const found: Receipt = { hidden: 1, cleared: 1, open: [], ...none };
  const ended = { state: 'SUCCEEDED', finishedAt: new Date('2026-11-26T12:00:00Z') } as const;
  const at = (time: string) => receiptNow(found, ended, new Date(`2026-11-26T${time}Z`));
  const words = '1 alert hidden while it worked: 1 cleared by itself.';
  expect(at('12:09:59')).toBe(`${words} Not final until 2026-11-26 12:10 UTC.`);
  expect(at('12:10:00')).toBe(words);
  // A run that is taken back goes on after it had ended.
  const undone = { ...ended, state: 'UNDOING' } as const;
  expect(receiptNow(found, undone, new Date('2026-11-26T13:00:00Z'))).toBe(`${words} Not final: the run goes on.`);
  expect(isReceiptKept(ended, new Date('2026-12-26T11:59:59Z'))).toBe(true);
  expect(isReceiptKept(ended, new Date('2026-12-26T12:00:00Z'))).toBe(false);
  expect(isReceiptKept(undone, new Date('2027-12-26T12:00:00Z'))).toBe(true);
});
