import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { retryRun } from '../../../src/runs/control.ts';
import { listSteps, readRun } from '../../../src/store/runs/runs.ts';
import { startUpgradeLab, type UpgradeLab } from '../../helpers/upgrades.ts';
import { logLines } from '../../helpers/world.ts';
import {
  changesOf,
  commandsSoFar,
  endState,
  leaderOf,
  letAnHourPass,
  requestOf,
  schedulingOf,
  scripts,
  setScheduling,
  slowLease,
  story,
  untilState,
  usualScheduling,
  wholeCluster,
} from '../../operations/upgrade/orchestration-lab.ts';

/** The leader dies while another frontend is away; and what an operator had set by hand survives it. */
let lab: UpgradeLab;

beforeAll(async () => {
  lab = await startUpgradeLab({ env: slowLease, version: '3.4.6', frontends: 3, backends: 2 });
  await lab.addRelease({ version: '3.4.6' });
  await lab.addRelease({ version: '3.5.0' });
  lab.engine.work();
}, 120_000);
afterAll(() => lab?.close(), 120_000);

it('goes on when the leader dies while a follower is away, and never stops one that leads before the others', async () => {
  const leader = await leaderOf(lab);
  const first = otherThan(leader);
  // By hand, on the leader alone: up to 3.4 each frontend has its own values.
  await setScheduling(lab, leader, 'tablet_sched_max_scheduling_tablets', '2000');
  const from = await commandsSoFar(lab);
  const watch = watchLeader();
  const run = await lab.managed.ask('upgradeCluster', lab.input('3.5.0'));
  await lab.world.nextCommand(first, scripts.start, { timeoutMs: 90_000 });
  await lab.world.kill(leader);
  await startWhenMissed(run.id, leader);
  const ended = await untilState(lab, run.id, { limitMs: 120_000 });
  const samples = watch.stop();
  expect(ended.state, await story(lab, run.id)).toBe('SUCCEEDED');
  // From 3.5 there is one value for all, the leader's.
  const odd = { ...usualScheduling, tablet_sched_max_scheduling_tablets: '2000' };
  expect(await endState(lab)).toEqual(wholeCluster(lab, '3.5.0', odd));
  expect(await changesOf(lab, run.id)).toEqual(['RESTORED']);
  const stops = await frontendStops(from);
  expect(new Set(stops.map((stop) => stop.host)).size).toBe(stops.length);
  for (const stop of stops.slice(0, -1)) {
    const before = samples.findLast((sample) => sample.at < stop.at - 500);
    expect(before?.leader, `${stop.host} was stopped while it led: ${JSON.stringify({ stops, samples })}`).not.toBe(
      stop.host,
    );
  }
}, 240_000);

it('fails when the leader does not come back, with every other node in order; a retry brings that one back as well', async () => {
  const leader = await leaderOf(lab);
  const first = otherThan(leader);
  const run = await lab.managed.ask('downgradeCluster', lab.input('3.4.6'));
  await lab.world.nextCommand(first, scripts.start, { timeoutMs: 90_000 });
  await lab.world.host(leader).refuse();
  await lab.world.kill(leader);
  await untilWaiting(run.id);
  await letAnHourPass(lab, run.id);
  const failed = await untilState(lab, run.id);
  expect(failed.state, await story(lab, run.id)).toBe('FAILED');
  expect(failed.failure?.message).toMatch(/are needed for a leader|could not be reached|refused|did not answer/i);
  expect(await endState(lab)).toMatchObject({ leaders: 1, locks: 0, openChanges: 0 });
  expect(await lab.versions()).toMatchObject({ [first]: '3.4.6', be1: '3.5.0', be2: '3.5.0' });
  expect(Object.values(await lab.versions()).filter((version) => version.endsWith('(down)'))).toHaveLength(1);
  await noneIsPaused();

  // The machine is there again; its frontend is not.
  await lab.world.host(leader).accept();
  await retryRun(lab.engine.ctx.engine, requestOf(run.id));
  await startWhenMissed(run.id, leader);
  expect((await untilState(lab, run.id, { limitMs: 150_000 })).state, await story(lab, run.id)).toBe('SUCCEEDED');
  const { scheduling: _scheduling, ...rest } = wholeCluster(lab, '3.4.6');
  expect(await endState(lab)).toMatchObject(rest);
  await noneIsPaused();
  expect(await changesOf(lab, run.id)).toEqual(['RESTORED']);
}, 300_000);

const otherThan = (leader: string) => ['fe1', 'fe2', 'fe3'].find((name) => name !== leader) ?? '';

/** Every value is one that somebody else than the run has set: by hand, or in the conf file. */
async function noneIsPaused(): Promise<void> {
  for (const [frontend, values] of Object.entries(await schedulingOf(lab)))
    expect({ ...values, tablet_sched_max_scheduling_tablets: 'any' }, frontend).toEqual({
      ...usualScheduling,
      tablet_sched_max_scheduling_tablets: 'any',
    });
  for (const values of Object.values(await schedulingOf(lab)))
    expect(['2000', '10000']).toContain(values.tablet_sched_max_scheduling_tablets);
}

/** Somebody starts the frontend when the run says that it cannot go on without; it may as well start it by itself. */
async function startWhenMissed(runId: string, frontend: string): Promise<void> {
  for (;;) {
    if (lab.world.pidOf(frontend) !== null) return;
    const waiting = (await listSteps(lab.engine.ctx.db, runId)).some(
      (step) => step.kind === 'guardNode' && step.state === 'pending' && /electable/.test(step.progress?.message ?? ''),
    );
    if (waiting) {
      await lab.world.start(frontend);
      return;
    }
    const { state } = await readRun(lab.engine.ctx.db, runId);
    if (state !== 'RUNNING' && state !== 'QUEUED') return;
    await sleep(50);
  }
}

async function untilWaiting(runId: string): Promise<void> {
  for (const until = Date.now() + 90_000; Date.now() < until; await sleep(50)) {
    const steps = await listSteps(lab.engine.ctx.db, runId);
    if (steps.some((step) => step.kind === 'guardNode' && step.state === 'pending' && step.startedAt !== null)) return;
  }
  throw new Error(await story(lab, runId));
}

type Sample = { readonly at: number; readonly leader: string | null };

function watchLeader(): { stop(): readonly Sample[] } {
  const samples: Sample[] = [];
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const leader = await leaderOf(lab).catch(() => null);
      samples.push({ at: Date.now(), leader });
      await sleep(100);
    }
  };
  void look();
  return {
    stop: () => {
      isOver = true;
      return samples;
    },
  };
}

/** Frontends that were told to stop, in order. */
async function frontendStops(from: number): Promise<{ host: string; at: number }[]> {
  const lines = await logLines(lab.world.describe().logs.commands, from);
  return lines
    .filter(({ host, command }) => String(host).startsWith('fe') && scripts.stop.test(String(command)))
    .map(({ host, time }) => ({ host: String(host), at: new Date(String(time)).getTime() }));
}
