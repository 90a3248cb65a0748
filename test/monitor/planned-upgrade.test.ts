import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Lane, StepSpec } from '../../src/domain/plan.ts';
import type { Run } from '../../src/domain/run.ts';
import { type Subject, theCluster } from '../../src/domain/subject.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { pauseRun, resumeRun, retryRun, undoRun } from '../../src/runs/control.ts';
import { submit } from '../../src/runs/submit.ts';
import { defineStep } from '../../src/steps/define.ts';
import { listNodes } from '../../src/store/clusters/inventory.ts';
import { operator } from '../helpers/engine.ts';
import { type Bench, startBench } from './bench.ts';
import { type PaperCluster, type PaperNode, paperCluster } from './paper-cluster.ts';

/** Backends that are taken away and come back one after the other, in lanes as an upgrade has them. */
const hosts = ['10.0.0.11', '10.0.0.12', '10.0.0.13'] as const;
/** Looks, one every 200 ms: work that ended within the last second or so counts as planned too. */
const longerThanTheWindow = 8;
const soon = { timeout: 15_000, interval: 25 };

let bench: Bench;
let cluster: PaperCluster;
let id: string;
let made = 0;
/** Steps that wait: `stage`, `start 10.0.0.11`, `compare 10.0.0.11`, `back 10.0.0.13`; and those that fail. */
const closed = new Set<string>();
const broken = new Set<string>();
const runs: Run[] = [];

const backend = (host: string): PaperNode => {
  const node = cluster.backends.find((candidate) => candidate.host === host);
  if (node === undefined) throw new Error(`no backend ${host}`);
  return node;
};
const waits = { state: 'moving', progress: { completed: 0, total: null, message: 'waits' }, wakeAfterMs: 30 } as const;
const base = { ports: [], timeoutMs: 60_000, repeat: 'safe' } as const;
const node = z.object({
  nodeId: z.string().meta({ description: 'Which node.' }),
  host: z.string().meta({ description: 'Its host.' }),
});
const about = ({ nodeId, host }: z.infer<typeof node>): Subject => ({ kind: 'node', id: nodeId, label: host });

/** Names its nodes only below the top, as staging does: it takes nothing away. */
const stage = defineStep({
  ...base,
  kind: 'stagePaper',
  params: z.object({ nodes: z.array(node) }),
  about: () => theCluster,
  effect: 'changes',
  describe: () => 'Stage',
  check: async () => (closed.has('stage') ? waits : { state: 'done' }),
  undo: { nothing: 'It is on paper.' },
});
const compare = defineStep({
  ...base,
  kind: 'comparePaper',
  params: node,
  about,
  effect: 'looks',
  describe: ({ host }) => `Compare ${host}`,
  check: async ({ host }) => (closed.has(`compare ${host}`) ? waits : { state: 'done' }),
  undo: { nothing: 'It only looks.' },
});
const stop = defineStep({
  ...base,
  kind: 'stopPaper',
  params: node,
  about,
  effect: 'takes-away',
  bindsNext: true,
  describe: ({ host }) => `Stop ${host}`,
  check: async ({ host }) => (backend(host).alive ? { state: 'todo' } : { state: 'done' }),
  apply: async ({ host }) => {
    backend(host).alive = false;
  },
  recover: (params): readonly StepSpec[] => [back.with(params)],
  undo: { planned: 'One after the other.' },
});
const start = defineStep({
  ...base,
  kind: 'startPaper',
  params: node,
  about,
  effect: 'brings-back',
  describe: ({ host }) => `Start ${host}`,
  check: async ({ host }) => {
    if (broken.has(host))
      return { state: 'blocked', code: 'COMMAND_FAILED', message: `${host} is broken`, hint: 'Look.' };
    if (closed.has(`start ${host}`)) return waits;
    return backend(host).alive ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ host }) => {
    backend(host).alive = true;
  },
  undo: { planned: 'One after the other.' },
});
const awaitPaper = defineStep({
  ...base,
  kind: 'awaitPaper',
  params: node,
  about,
  effect: 'brings-back',
  describe: ({ host }) => `Wait for ${host}`,
  check: async () => ({ state: 'done' }),
  undo: { nothing: 'It only waits.' },
});
const back = defineStep({
  ...base,
  kind: 'backPaper',
  params: node,
  about,
  effect: 'brings-back',
  describe: ({ host }) => `Bring ${host} back`,
  check: async ({ host }) => {
    if (closed.has(`back ${host}`)) return waits;
    return backend(host).alive ? { state: 'done' } : { state: 'todo' };
  },
  apply: async ({ host }) => {
    backend(host).alive = true;
  },
  undo: { nothing: 'It is the way back.' },
});

/** Begins a lane of the way back. */
const again = defineStep({
  ...base,
  kind: 'againPaper',
  params: node,
  about,
  effect: 'looks',
  describe: ({ host }) => `Look at ${host} again`,
  check: async () => ({ state: 'done' }),
  undo: { nothing: 'It only looks.' },
});

const given = z.object({ clusterId, nodes: z.array(node).meta({ description: 'The nodes, in turn.' }) });
const laneAt = (name: string, stageName: string): Lane => ({ stage: stageName, name, width: 1 });
const upgradePaper = defineOperation({
  name: 'upgradePaper',
  title: 'Upgrade paper',
  version: 1,
  summary: 'A toy.',
  permission: 'cluster:check',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: given,
  example: { clusterId: 'clu_01J00000000000000000000000', nodes: [] },
  slack: null,
  steps: [stage, stop, start, awaitPaper, compare, again, back],
  observe: async () => null,
  plan: ({ nodes }) => ({
    summary: 'Upgrade',
    steps: [
      stage.with({ nodes }, laneAt('all', 'Staging')),
      ...nodes.flatMap((one) => {
        const lane = laneAt(one.host, 'Backends');
        const steps = [stop, start, awaitPaper].map((kind) => kind.with(one, lane));
        return [...steps, compare.with(one, lane)];
      }),
    ],
  }),
  planUndo: async ({ nodes }) => ({
    summary: 'back',
    steps: nodes.toReversed().flatMap((one) => [again, back].map((kind) => kind.with(one, laneAt(one.host, 'Back')))),
  }),
  postCheck: async () => ({ passed: true, checks: [] }),
});

beforeAll(async () => {
  bench = await startBench({ operations: [upgradePaper] });
  bench.work();
  bench.watch();
});
afterAll(async () => {
  await bench?.close();
});
beforeEach(async () => {
  made += 1;
  closed.clear();
  broken.clear();
  cluster = paperCluster();
  id = await bench.add(`paper-${made}`, cluster);
  await expect.poll(async () => (await listNodes(bench.ctx.db, id)).length, soon).toBe(6);
});

afterEach(async () => {
  closed.clear();
  // A run that went on would work on the next test's cluster.
  for (const run of runs.splice(0)) await bench.until(run.id);
});

async function upgrade(): Promise<Run> {
  const known = await listNodes(bench.ctx.db, id);
  const nodes = hosts.map((host) => ({ host, nodeId: known.find((one) => one.host === host)?.id ?? '' }));
  const input = { clusterId: id, nodes };
  const { run, userErrors } = await submit(bench.ctx.engine, { operation: 'upgradePaper', input, actor: operator });
  if (run === null) throw new Error(JSON.stringify(userErrors));
  runs.push(run);
  return run;
}
async function firing(): Promise<string[]> {
  const alerts = await bench.alertsOf(id);
  return alerts.filter(({ signal, mute }) => signal === 'FIRING' && mute.kind === 'NONE').map(({ title }) => title);
}
const down = (host: string) => `be ${host}:9050 is down`;
const under = (step: string) =>
  expect
    .poll(
      async () =>
        (
          await bench.ctx.db
            .selectFrom('run_step')
            .innerJoin('run', 'run.id', 'run_step.run_id')
            .select('title')
            .where('cluster_id', '=', id)
            .where('run_step.progress', 'is not', null)
            .where('run_step.state', '!=', 'done')
            .execute()
        ).map(({ title }) => title),
      soon,
    )
    .toContain(step);

/** What ended just now counts for a moment longer; here it ended an hour ago. */
async function anHourLater({ id: runId }: Run): Promise<void> {
  const { db } = bench.ctx;
  const finished_at = new Date(Date.now() - 3_600_000);
  await db.updateTable('run').set({ finished_at }).where('id', '=', runId).execute();
  await db
    .updateTable('run_step')
    .set({ finished_at })
    .where('run_id', '=', runId)
    .where('finished_at', 'is not', null)
    .execute();
}

describe('while a run takes nodes away one after the other', () => {
  it('the planned restart of each is no alert', async () => {
    closed.add('start 10.0.0.11').add('start 10.0.0.12');
    const run = await upgrade();
    for (const host of ['10.0.0.11', '10.0.0.12']) {
      await expect.poll(() => backend(host).alive, soon).toBe(false);
      await bench.looks(cluster, longerThanTheWindow);
      expect(await firing()).toEqual([]);
      closed.delete(`start ${host}`);
    }
    expect((await bench.until(run.id)).state).toBe('SUCCEEDED');
    await bench.looks(cluster, longerThanTheWindow);
    expect(await bench.alertsOf(id)).toEqual([]);
  });

  it('staging mutes none of the nodes that it names', async () => {
    closed.add('stage');
    await upgrade();
    await under('Stage');
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
  });

  it('a node that dies after its turn, or before it, is an alert though the run goes on', async () => {
    closed.add('start 10.0.0.12');
    await upgrade();
    await expect.poll(() => backend('10.0.0.12').alive, soon).toBe(false);
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
    backend('10.0.0.13').alive = false;
    await expect.poll(firing, soon).toEqual(expect.arrayContaining([down('10.0.0.11'), down('10.0.0.13')]));
    expect(await firing()).toHaveLength(2);
  });

  it('a node that is back is loud while its queries are still compared', async () => {
    closed.add('compare 10.0.0.11');
    await upgrade();
    await under('Compare 10.0.0.11');
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
  });

  it('a run that is paused mutes nothing', async () => {
    closed.add('compare 10.0.0.11');
    const run = await upgrade();
    await under('Compare 10.0.0.11');
    await pauseRun(bench.ctx.engine, { runId: run.id, actor: operator });
    closed.clear();
    await bench.until(run.id, ['PAUSED']);
    backend('10.0.0.12').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.12')]);
    await resumeRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await bench.until(run.id);
    await expect.poll(firing, soon).toEqual([]);
  });

  it('a node that is put back after a failure is no alert, and is one when it goes down after that', async () => {
    broken.add('10.0.0.11');
    closed.add('back 10.0.0.11');
    const run = await upgrade();
    await under('Bring 10.0.0.11 back');
    await bench.looks(cluster, longerThanTheWindow);
    expect(await firing()).toEqual([]);
    closed.clear();
    expect((await bench.until(run.id)).state).toBe('FAILED');
    await bench.looks(cluster, longerThanTheWindow);
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
  });
});

describe('a run that failed and is retried', () => {
  it('takes nodes away without an alert, as if it had not failed', async () => {
    broken.add('10.0.0.12');
    const run = await upgrade();
    expect((await bench.until(run.id)).state).toBe('FAILED');
    broken.clear();
    closed.add('start 10.0.0.12');
    await anHourLater(run);
    await retryRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await expect.poll(() => backend('10.0.0.12').alive, soon).toBe(false);
    await bench.looks(cluster, longerThanTheWindow);
    expect(await firing()).toEqual([]);
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
  });

  it('leaves the node at which it failed loud until its turn comes again', async () => {
    broken.add('10.0.0.13');
    const run = await upgrade();
    expect((await bench.until(run.id)).state).toBe('FAILED');
    await anHourLater(run);
    closed.add('stage');
    await bench.ctx.db.updateTable('run_step').set({ state: 'pending' }).where('kind', '=', 'stagePaper').execute();
    await retryRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await under('Stage');
    backend('10.0.0.13').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.13')]);
    broken.clear();
  });
});

describe('while a run is taken back node by node', () => {
  it('the node whose turn it is may be away', async () => {
    const run = await upgrade();
    await bench.until(run.id);
    closed.add('back 10.0.0.12');
    await anHourLater(run);
    await undoRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await under('Bring 10.0.0.12 back');
    backend('10.0.0.12').alive = false;
    await bench.looks(cluster, longerThanTheWindow);
    expect(await firing()).toEqual([]);
  });

  it('a node whose turn has not come is loud, and so is one that it does not touch any more', async () => {
    broken.add('10.0.0.13');
    const run = await upgrade();
    expect((await bench.until(run.id)).state).toBe('FAILED');
    closed.add('back 10.0.0.12');
    await anHourLater(run);
    await undoRun(bench.ctx.engine, { runId: run.id, actor: operator });
    await under('Bring 10.0.0.12 back');
    backend('10.0.0.11').alive = false;
    await expect.poll(firing, soon).toEqual([down('10.0.0.11')]);
    backend('10.0.0.13').alive = false;
    await expect.poll(firing, soon).toEqual(expect.arrayContaining([down('10.0.0.11'), down('10.0.0.13')]));
  });
});
