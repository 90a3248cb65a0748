import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { defaultAlertTimes } from '../../src/domain/alert-life.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId as clusterIdField } from '../../src/operations/input/fields.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import type { Database } from '../../src/store/database.ts';
import { claimProbe } from '../../src/store/probes/probes.ts';
import { recordSample } from '../../src/store/probes/record-sample.ts';
import { openAlertsOfClusters } from '../../src/store/reads/alerts.ts';
import { readReceipt } from '../../src/store/reads/receipts.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';

const away = new Set<string>();
const step = (kind: string, effect: 'takes-away' | 'brings-back') =>
  defineStep({
    ...({ kind, effect, ports: [], timeoutMs: 60_000, repeat: 'safe', undo: { nothing: 'It is a toy.' } } as const),
    params: z.object({ nodeId: z.string() }),
    about: ({ nodeId }) => ({ kind: 'node', id: nodeId, label: nodeId }),
    describe: ({ nodeId }) => `${kind} ${nodeId}`,
    check: async ({ nodeId }) =>
      away.has(nodeId) === (effect === 'takes-away') ? { state: 'done' } : { state: 'todo' },
    apply: async ({ nodeId }) => {
      if (effect === 'takes-away') away.add(nodeId);
      else away.delete(nodeId);
    },
  });
const [stop, start] = [step('stopToy', 'takes-away'), step('startToy', 'brings-back')];
const bounce = defineOperation({
  ...({ name: 'bounce', title: 'Bounce', version: 1, summary: 'A toy.', permission: 'cluster:check' } as const),
  ...({ risk: 'low', target: { kind: 'cluster', from: 'clusterId' }, slack: null, steps: [stop, start] } as const),
  input: z.object({ clusterId: clusterIdField, nodeId: z.string().meta({ description: 'Which node.' }) }),
  example: { clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_1' },
  observe: async () => null,
  plan: ({ nodeId }) => ({
    summary: `Bounce ${nodeId}`,
    steps: [stop.with({ nodeId }), start.with({ nodeId })],
  }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

let engine: Engine;
let clusterId: string;
beforeAll(async () => {
  engine = await startEngine({ operations: [bounce] });
  clusterId = await engine.addCluster('settles');
  engine.work();
});
afterAll(() => engine?.close());

async function bounceNode(nodeId: string): Promise<string> {
  const input = { clusterId, nodeId };
  const { run, userErrors } = await submit(engine.ctx.engine, { operation: 'bounce', input, actor: operator });
  if (run === null) throw new Error(JSON.stringify(userErrors));
  expect((await engine.until(run.id)).state).toBe('SUCCEEDED');
  return run.id;
}

/** A look that finds the node down, or not, while this run works on it, or none. */
async function look(nodeId: string, { isDown, runId }: { isDown: boolean; runId?: string }): Promise<void> {
  const { db } = engine.ctx;
  const claim = await claimProbe(db, { clusterId, holder: 'me', claimMs: 10_000, nextInMs: 0 });
  if (claim === null) throw new Error('the look is not due');
  const labels = { node: nodeId };
  const condition = {
    ...({ rule: 'node_down', severity: 'CRITICAL', nodeId, labels, startedAt: null, forMs: 0, minSamples: 1 } as const),
    fingerprint: alertFingerprint({ clusterId, rule: 'node_down', labels }),
    ...{ title: `${nodeId} is down`, pastTitle: `${nodeId} was down`, text: ['Down.'] },
  };
  const sample = {
    ...{ conditions: isDown ? [condition] : [], unjudged: [] },
    plannedWork: runId === undefined ? [] : [{ nodeId, runId }],
  };
  await recordSample(db, {
    ...{ claim, look: null, policy: { times: defaultAlertTimes, rules } },
    outcome: { durationMs: 5, ok: true, problem: null, leader: null, nodes: [], sample },
  });
}

/** Whether people are told that the node is down, by a look right after its run ended. */
async function isLoud(nodeId: string, between: (runId: string, db: Database) => Promise<unknown>): Promise<boolean> {
  const { db } = engine.ctx;
  const runId = await bounceNode(nodeId);
  await look(nodeId, { isDown: true, runId });
  await between(runId, db);
  await look(nodeId, { isDown: true });
  const open = await openAlertsOfClusters(db, [clusterId]);
  return open.some((alert) => alert.nodeId === nodeId && alert.mute.kind === 'NONE');
}

it('hides what a run that ended well hid for two minutes more, counts it, and tells of it then', async () => {
  const { db } = engine.ctx;
  let run = '';
  expect(await isLoud('nod_well', async (runId) => (run = runId))).toBe(false);
  expect(await readReceipt(db, { runId: run, visibility: 'everywhere' })).toMatchObject({
    hidden: 1,
    cleared: 0,
    open: [],
    stillHidden: 1,
  });
  await db
    .updateTable('run')
    .set({ finished_at: new Date(Date.now() - 121_000) })
    .where('id', '=', run)
    .execute();
  await look('nod_well', { isDown: true });
  const open = await openAlertsOfClusters(db, [clusterId]);
  expect(open).toMatchObject([{ title: 'nod_well is down', mute: { kind: 'NONE' } }]);
  expect(await readReceipt(db, { runId: run, visibility: 'everywhere' })).toMatchObject({
    hidden: 1,
    open: [{ number: open[0]?.number }],
    stillHidden: 0,
  });
  await look('nod_well', { isDown: false });
  // It was seen over, so that the settle time of the run is over as well.
  await db.updateTable('run').set({ finished_at: new Date() }).where('id', '=', run).execute();
  await look('nod_well', { isDown: true });
  expect(await openAlertsOfClusters(db, [clusterId])).toMatchObject([{ signal: 'FIRING', mute: { kind: 'NONE' } }]);
});

const change = (set: Parameters<typeof update>[2]) => (runId: string, db: Database) => update(db, runId, set);
function update(db: Database, runId: string, set: { state?: string; post_check?: string | null; finished_at?: Date }) {
  return db.updateTable('run').set(set).where('id', '=', runId).execute();
}

it.each<[string, (runId: string, db: Database) => Promise<unknown>]>([
  ['failed', change({ state: 'FAILED' })],
  ['was cancelled', change({ state: 'CANCELED' })],
  ['is taken back', change({ state: 'UNDOING' })],
  ['was interrupted', change({ state: 'INTERRUPTED' })],
  ['is lost, and has no end', change({ state: 'RUNNING' })],
  ['did not pass its end check', change({ post_check: '{"passed":false,"checks":[]}' })],
  ['was never checked', change({ post_check: null })],
  ['has an end check that cannot be read', change({ post_check: '{' })],
  ['ended longer ago', change({ finished_at: new Date(Date.now() - 121_000) })],
  [
    'did not bring the node back',
    (runId, db) =>
      db
        .updateTable('run_step')
        .set({ state: 'skipped' })
        .where('run_id', '=', runId)
        .where('kind', '=', 'startToy')
        .execute(),
  ],
])('is loud at once after a run that %s', async (why, between) => {
  expect(await isLoud(`nod ${why}`, between)).toBe(true);
});

it('is loud at once when a look found it over, and when another run has been at the node since', async () => {
  expect(await isLoud('nod_back', () => look('nod_back', { isDown: false }))).toBe(true);
  expect(await isLoud('nod_again', () => bounceNode('nod_again'))).toBe(true);
  const later = async (_: string, db: Database) => update(db, await bounceNode('nod_open'), { state: 'UNDOING' });
  expect(await isLoud('nod_open', later)).toBe(true);
});
