import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { scoreHealth } from '../../src/domain/health/score.ts';
import type { Check } from '../../src/domain/next-action.ts';
import type { Run } from '../../src/domain/run.ts';
import type { StepEffect, Subject } from '../../src/domain/subject.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { pauseRun, resumeRun } from '../../src/runs/control.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import { findCluster, listNodes } from '../../src/store/clusters/inventory.ts';
import { factsFor, healthOfClusters } from '../../src/store/reads/health.ts';
import { listPlannedWork } from '../../src/store/reads/planned-work.ts';
import { operator } from '../helpers/engine.ts';
import { type Bench, startBench } from './bench.ts';
import { type PaperCluster, type PaperNode, paperCluster, unreachable } from './paper-cluster.ts';

let bench: Bench;
let worker: { stop(): Promise<void> };
let cluster: PaperCluster;
let id: string;
let made = 0;
/** What the gate between stop and start answers. */
let gate: Check;

const soon = { timeout: 15_000, interval: 25 };
const closed: Check = { state: 'moving', progress: { completed: 0, total: null, message: 'waits' }, wakeAfterMs: 50 };

const nodeParams = z.object({ nodeId: z.string(), host: z.string() });
const base = {
  params: nodeParams,
  about: ({ nodeId, host }: { nodeId: string; host: string }): Subject => ({ kind: 'node', id: nodeId, label: host }),
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  undo: { nothing: 'It is on paper.' },
} as const;

const backend = (host: string): PaperNode => {
  const node = cluster.backends.find((candidate) => candidate.host === host);
  if (node === undefined) throw new Error(`no backend ${host}`);
  return node;
};
const set = (kind: string, { alive, effect }: { alive: boolean; effect: StepEffect }) =>
  defineStep({
    ...base,
    kind,
    effect,
    describe: ({ host }) => `${kind} ${host}`,
    check: async ({ host }) => (backend(host).alive === alive ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ host }) => {
      backend(host).alive = alive;
    },
  });
const stopPaper = set('stopPaper', { alive: false, effect: 'takes-away' });
const awaitPaper = defineStep({
  ...base,
  kind: 'awaitPaper',
  effect: 'waits',
  describe: () => 'Wait',
  check: async () => gate,
});
const startPaper = set('startPaper', { alive: true, effect: 'brings-back' });

/** Stops a backend on paper, waits at the gate, starts it. */
const restartPaper = defineOperation({
  name: 'restartPaper',
  title: 'Restart paper',
  version: 1,
  summary: 'A toy.',
  permission: 'cluster:check',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({
    clusterId,
    nodeId: z.string().meta({ description: 'Which node.' }),
    host: z.string().meta({ description: 'Its host.' }),
  }),
  example: { clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_1', host: '10.0.0.11' },
  slack: null,
  steps: [stopPaper, awaitPaper, startPaper],
  observe: async () => null,
  plan: ({ nodeId, host }) => ({
    summary: `Restart ${host}`,
    steps: [stopPaper, awaitPaper, startPaper].map((step) => step.with({ nodeId, host })),
  }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

beforeAll(async () => {
  bench = await startBench({ operations: [restartPaper] });
  worker = bench.work();
  bench.watch();
});

afterAll(async () => {
  await bench?.close();
});

beforeEach(async () => {
  made += 1;
  gate = closed;
  cluster = paperCluster();
  id = await bench.add(`paper-${made}`, cluster);
  await expect.poll(async () => (await listNodes(bench.ctx.db, id)).length, soon).toBe(6);
});

async function restart(host = '10.0.0.11'): Promise<Run> {
  const node = (await listNodes(bench.ctx.db, id)).find((candidate) => candidate.host === host);
  const input = { clusterId: id, nodeId: node?.id ?? '', host };
  const { run, userErrors } = await submit(bench.ctx.engine, { operation: 'restartPaper', input, actor: operator });
  if (run === null) throw new Error(JSON.stringify(userErrors));
  await expect.poll(() => backend(host).alive, soon).toBe(false);
  return run;
}

/** What the health score deducts, without the frontends, and what it says is done on purpose. */
async function score() {
  const { db } = bench.ctx;
  const [stored] = await healthOfClusters(db, [id]);
  const row = await findCluster(db, id);
  if (stored === undefined || row === null) throw new Error('there is no such cluster');
  const { deductions, plannedWork } = scoreHealth(factsFor(row, stored));
  const lost = deductions.map(({ name, points, alerts: told }) => `${name} ${points} ${told.length}`);
  return [...lost, ...plannedWork];
}

async function alerts(): Promise<string[]> {
  return (await bench.alertsOf(id)).map(
    ({ title, signal, mute }) => `${title}: ${signal}${mute.kind === 'NONE' ? '' : ` by ${mute.by}`}`,
  );
}

describe('a node that a run is restarting', () => {
  it('is no alert while it is away, but any other node is', async () => {
    const run = await restart();
    await bench.looks(cluster, 3);
    expect(await alerts()).toEqual([]);
    expect(await listPlannedWork(bench.ctx.db, { clusterId: id, windowMs: 0 })).toMatchObject([{ runId: run.id }]);
    backend('10.0.0.12').alive = false;
    await expect.poll(alerts, soon).toEqual(['be 10.0.0.12:9050 is down: FIRING']);
    const works = `R-${run.number} works on be 10.0.0.11:9050`;
    expect(await score()).toEqual(['node_down 30 1', 'node_away 2 0', works]);
    gate = { state: 'done' };
    expect((await bench.until(run.id)).state).toBe('SUCCEEDED');
    await bench.looks(cluster, 3);
    expect(await alerts()).toEqual(['be 10.0.0.12:9050 is down: FIRING']);
    expect(await listPlannedWork(bench.ctx.db, { clusterId: id, windowMs: 0 })).toEqual([]);
    // A look that began a minute ago may have seen the node away.
    expect(await listPlannedWork(bench.ctx.db, { clusterId: id, windowMs: 60_000 })).toMatchObject([{ runId: run.id }]);
  });

  it('is an alert when the run fails and leaves it down', async () => {
    const run = await restart();
    await bench.looks(cluster);
    gate = { state: 'blocked', code: 'PRECONDITION_FAILED', message: 'It does not come back', hint: 'Look at it.' };
    expect((await bench.until(run.id)).state).toBe('FAILED');
    await expect.poll(alerts, soon).toEqual(['be 10.0.0.11:9050 is down: FIRING']);
  });

  it('is loud while the run is paused', async () => {
    const run = await restart();
    await pauseRun(bench.ctx.engine, { runId: run.id, actor: operator });
    gate = { state: 'done' };
    await bench.until(run.id, ['PAUSED']);
    await expect.poll(alerts, soon).toEqual(['be 10.0.0.11:9050 is down: FIRING']);
    await resumeRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await bench.until(run.id);
    await expect.poll(alerts, soon).toEqual(['be 10.0.0.11:9050 is down: RESOLVED']);
  });

  it('is hidden when it was down before, and loud again when nobody has driven the run for two minutes', async () => {
    backend('10.0.0.11').alive = false;
    await expect.poll(alerts, soon).toEqual(['be 10.0.0.11:9050 is down: FIRING']);
    const run = await restart();
    await expect.poll(alerts, soon).toEqual([`be 10.0.0.11:9050 is down: FIRING by run:${run.id}`]);
    // A look that is not answered, as while a leader is elected, shows nothing that was hidden.
    cluster.failure = unreachable();
    await bench.looks(cluster, 1);
    cluster.failure = null;
    await bench.looks(cluster, 2);
    const [hidden] = await bench.alertsOf(id);
    expect(hidden === undefined ? [] : await bench.eventsOf(hidden)).toEqual(['OPENED', 'MUTED']);
    await worker.stop();
    const minutesAgo = (count: number) => new Date(Date.now() - count * 60_000);
    const lastSign = async (at: Date) => {
      const { db } = bench.ctx;
      await db.updateTable('run').set({ due_at: at, claimed_until: null }).where('id', '=', run.id).execute();
    };
    await lastSign(minutesAgo(1));
    await bench.looks(cluster, 3);
    expect(await alerts()).toEqual([`be 10.0.0.11:9050 is down: FIRING by run:${run.id}`]);
    expect(await score()).toEqual(['node_away 2 1', `R-${run.number} works on be 10.0.0.11:9050`]);
    await lastSign(minutesAgo(3));
    const lost = `Nobody drives R-${run.number}: FIRING`;
    await expect.poll(alerts, soon).toEqual([lost, 'be 10.0.0.11:9050 is down: FIRING']);
    expect(await score()).toContain('node_down 30 1');
    const told = (await bench.alertsOf(id)).find(({ rule }) => rule === 'run_waits');
    expect(told).toMatchObject({ severity: 'CRITICAL', mute: { kind: 'NONE' } });

    worker = bench.work();
    gate = { state: 'done' };
    await bench.until(run.id);
    await expect
      .poll(alerts, soon)
      .toEqual([lost.replace('FIRING', 'RESOLVED'), 'be 10.0.0.11:9050 is down: RESOLVED']);
  });
});
