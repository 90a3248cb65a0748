import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Run } from '../../src/domain/run.ts';
import { operations } from '../../src/operations/index.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import type { CrashCase } from './crash-cases/case.ts';
import type { CrashLab } from './crash-lab.ts';
import { type KindPoint, workWithDeaths } from './deaths.ts';
import { fatesOf, workWithFates } from './mortal-worker.ts';

/** One run after the other, in each of which a worker's process is killed at one point: each step, before and after its effect. */
export async function killAtEach(lab: CrashLab, name: string): Promise<void> {
  const theCase = caseOf(lab, name);
  let points: ReturnType<typeof pointsOf> = [];
  for (let index = 0; index === 0 || index < points.length; index += 1) {
    await theCase.prepare?.();
    await lab.mark();
    const run = await lab.managed.ask(operationOf(name), await theCase.input());
    if (index === 0) points = pointsOf(name, run);
    const point = points[index];
    if (point === undefined) throw new Error(`${name} planned no step to die at`);
    const where = `${name} at ${JSON.stringify(point)}`;
    expect(await workUntilDeath(lab, { ...point, signal: 'SIGKILL' }), where).toBe('SIGKILL');
    await lab.managed.finish(run.id);
    await expectDoneOnce(lab, { theCase, runId: run.id, where });
  }
}

/** One run, in which one process after the other is killed at each of these points the first time that it is come to. */
export async function killOnTheWay(lab: CrashLab, name: string, points: readonly KindPoint[]): Promise<void> {
  const theCase = caseOf(lab, name);
  await theCase.prepare?.();
  await lab.mark();
  const run = await lab.managed.ask(operationOf(name), await theCase.input());
  const deaths = await workWithDeaths(lab.engine, { runId: run.id, points, limitMs: 260_000 });
  await expectDoneOnce(lab, { theCase, runId: run.id, where: name });
  expect(deaths.toSorted()).toEqual(points.toSorted());
}

/** An operation may be tried in several ways: `moveNode`, `moveNode: compute node`. */
export function operationOf(name: string): string {
  return name.split(':')[0] ?? name;
}

export function caseOf(lab: CrashLab, name: string): CrashCase {
  const found = lab.cases[name];
  if (found === undefined) throw new Error(`no case for ${name}`);
  return found;
}

/** The run has come to its end as if nobody had died: every step is recorded, and every effect happened exactly once. */
export async function expectDoneOnce(
  lab: CrashLab,
  { theCase, runId, where }: { theCase: CrashCase; runId: string; where: string },
): Promise<void> {
  const ended = await lab.engine.until(runId);
  expect(ended, `${where}: ${JSON.stringify(ended.failure)}`).toMatchObject({
    state: 'SUCCEEDED',
    postCheck: { passed: true },
  });
  expect(await theCase.effects(ended), `${where}; ${JSON.stringify(ended.plan.notes)}`).toEqual(theCase.wanted);
  const states = (await listSteps(lab.engine.ctx.db, runId)).map((step) => step.state);
  expect(states.every((state) => state === 'done' || state === 'already')).toBe(true);
}

/** Before and after the effect of each step that has one; after the record of a gate. */
function pointsOf(name: string, run: Run) {
  const kinds = operations.find((operation) => operation.name === operationOf(name))?.steps ?? [];
  return run.plan.steps.flatMap((step, position) => {
    const gate = kinds.find((kind) => kind.kind === step.kind)?.isGate ?? false;
    return gate
      ? [{ position, at: 'after-record' }]
      : [
          { position, at: 'before-effect' },
          { position, at: 'after-effect' },
        ];
  });
}

/** A worker process of the lab that stops itself at that point. */
export function spawnWorker(lab: CrashLab, crashAt: object): ChildProcess {
  const file = fileURLToPath(new URL('./crash-worker.ts', import.meta.url));
  const { env } = lab.engine;
  return spawn(process.execPath, [file], {
    env: { ...env, PATH: process.env.PATH, CRASH_AT: JSON.stringify(crashAt) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function workUntilDeath(lab: CrashLab, crashAt: object): Promise<string | null> {
  const worker = spawnWorker(lab, crashAt);
  const timer = setTimeout(() => worker.kill('SIGTERM'), 60_000);
  const [, signal] = await once(worker, 'exit');
  clearTimeout(timer);
  return signal;
}

/**
 * One run, in which workers of this process meet every fate of every kind of step that has something to do; the run comes to
 * its end all the same. Answers the kinds of which that is shown, by name.
 */
export async function dieEverywhere(
  lab: CrashLab,
  name: string,
  { except = [] }: { except?: readonly string[] } = {},
): Promise<readonly string[]> {
  const theCase = caseOf(lab, name);
  await theCase.prepare?.();
  await lab.mark();
  const run = await lab.managed.ask(operationOf(name), await theCase.input());
  const shown = await meetAllFates(lab, { name, runId: run.id, except });
  await expectDoneOnce(lab, { theCase, runId: run.id, where: name });
  return shown;
}

/** The same for the part of a run that is due now, its undo for one. */
export async function meetAllFates(
  lab: CrashLab,
  { name, runId, except = [] }: { name: string; runId: string; except?: readonly string[] },
): Promise<readonly string[]> {
  const { db } = lab.engine.ctx;
  const kinds = (operations.find((operation) => operation.name === operationOf(name))?.steps ?? []).filter(
    ({ kind }) => !except.includes(kind),
  );
  const before = new Set((await listSteps(db, runId)).filter(isDone).map(({ position }) => position));
  const { met, revision } = await workWithFates(lab.engine, { runId, fates: kinds.flatMap(fatesOf), limitMs: 240_000 });
  const done = (await listSteps(db, runId)).filter((step) => isDone(step) && !before.has(step.position));
  const shown = kinds.filter(({ kind, isGate }) =>
    done.some((step) => step.kind === kind && (isGate || step.attempt > 0)),
  );
  const unmet = shown.flatMap(fatesOf).filter((fate) => !met.includes(fate));
  expect(unmet, `${name}: what no worker met`).toEqual([]);
  expect((await lab.engine.until(runId)).revision, 'those who had slept recorded something').toBe(revision);
  return shown.map(({ kind }) => kind).toSorted();
}

/** One run in which nobody dies, as what another begins with. Answers its id. */
export async function finishPlainly(lab: CrashLab, name: string): Promise<string> {
  const theCase = caseOf(lab, name);
  await theCase.prepare?.();
  await lab.mark();
  const run = await lab.managed.ask(operationOf(name), await theCase.input());
  await workWithFates(lab.engine, { runId: run.id, fates: [], limitMs: 240_000 });
  await expectDoneOnce(lab, { theCase, runId: run.id, where: name });
  return run.id;
}

const isDone = ({ state }: { state: string }) => state === 'done';
