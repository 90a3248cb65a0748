import { setTimeout as sleep } from 'node:timers/promises';
import type { Run, RunStep, StepPhase } from '../../domain/run.ts';
import type { Drive, Next } from './drive.ts';
import type { Seen } from './known-run.ts';
import { stepKindOf } from './step-kind-of.ts';
import { runStep } from './step-runner.ts';
import { stopStep } from './stop-step.ts';
import type { Due } from './work.ts';

/** A lane of the stage that is due, with its steps in order. */
type LaneSteps = {
  readonly name: string;
  readonly width: number;
  readonly isIndependent: boolean;
  readonly steps: readonly RunStep[];
};

/** How soon a lane is asked again whether it is its turn. */
const deferMs = 200;

/** When a lane that does nothing now is due again. */
type Idle = { readonly until: number };

/**
 * Drives the lanes of one stage side by side, at most `width` at a time, until none of them can go on now: because all
 * have ended; because one failed or a person wants the run to stop, and the others have come to a place to stop at; or
 * because all that is left goes on by itself. `again` = read the run afresh.
 *
 * While one lane is busy, the others are checked when they are due, in this process; the worker is freed only when there
 * is nothing to do for a while.
 */
export async function driveStage(drive: Drive, phase: StepPhase, stage: string): Promise<Next> {
  const busy = new Map<string, Promise<void>>();
  const idle = new Map<string, Idle>();
  const deferred = new Set<string>();
  /** Lanes whose step is being stopped, because the run is cancelled. */
  const stopping = new Set<string>();
  const errors: unknown[] = [];
  let isStopped = false;

  const begin = (name: string, due: Due) => {
    const work = (due.isCanceling ? stopLane(drive, due.step) : runStep(drive, due))
      .then((next) => {
        if (next === 'deferred') deferred.add(name);
        if (next === 'stop') isStopped = true;
        else if (next !== 'again')
          idle.set(name, { until: performance.now() + (next === 'deferred' ? deferMs : next.wakeAfterMs) });
      })
      .catch((error: unknown) => {
        errors.push(error);
      })
      .finally(() => busy.delete(name));
    busy.set(name, work);
  };

  for (;;) {
    const seen =
      errors.length === 0 ? await drive.known.look().catch((error: unknown) => void errors.push(error)) : undefined;
    if (seen === undefined) {
      // The lease or the database is lost: nothing more is begun, and busy lanes are waited for, so that none of them
      // still works during the next drive.
      await Promise.all(busy.values());
      throw errors[0];
    }
    const { run, steps } = seen;
    const lanes = lanesOf(steps, phase, stage);
    const isEnding = isStopped || wantsToStop(run, lanes);
    const runnable = lanesToRun(drive, { lanes, deferred, isEnding }).filter((lane) => !busy.has(lane.name));
    const now = performance.now();
    const free = widthOf(lanes) - busy.size;
    const isToBeStopped = (lane: LaneSteps) => run.cancelRequested && phase === 'do' && isStoppable(drive, lane);
    const isNews = (lane: LaneSteps) => isToBeStopped(lane) && !stopping.has(lane.name);
    const ready = runnable
      .filter((lane) => isNews(lane) || (idle.get(lane.name)?.until ?? 0) <= now)
      .slice(0, Math.max(free, 0));
    for (const lane of ready) {
      idle.delete(lane.name);
      const step = nextOf(lane);
      const isCanceling = isToBeStopped(lane);
      if (isCanceling) stopping.add(lane.name);
      if (step !== undefined)
        begin(lane.name, {
          step,
          isCanceling,
          waitingLanes: lanes.filter((other) => other.name !== lane.name && !hasBegun(other)).length,
        });
    }
    if (busy.size === 0) {
      // A step after which a person decides has ended the drive.
      if (isStopped) return 'stop';
      if (runnable.length === 0) return 'again';
      const wakeAfterMs = Math.min(...runnable.map((lane) => (idle.get(lane.name)?.until ?? now) - now));
      return wakeAfterMs <= 0 ? 'again' : { wakeAfterMs: Math.ceil(wakeAfterMs) };
    }
    await nextChange(busy, idle, now);
  }
}

/** Whether the stage has a lane that can still do something: a run is concluded over a failed stage only when it has none. */
export function canGoOn(drive: Drive, { run, steps }: Seen, phase: StepPhase, stage: string): boolean {
  const lanes = lanesOf(steps, phase, stage);
  return lanesToRun(drive, { lanes, deferred: new Set(), isEnding: wantsToStop(run, lanes) }).length > 0;
}

/**
 * Lanes that may do their next step now. Lanes that have begun come first, then as many others as the width has room for;
 * among those, lanes that answered `defer` come last. When the run is to stop, only lanes that must not stay as they are
 * go on.
 */
function lanesToRun(
  drive: Drive,
  given: { lanes: readonly LaneSteps[]; deferred: ReadonlySet<string>; isEnding: boolean },
): readonly LaneSteps[] {
  const open = given.lanes.filter((lane) => nextOf(lane) !== undefined && !hasFailed(lane));
  // A lane that waited at its first step, and then deferred to others, does not take up width.
  const isUnderWay = (lane: LaneSteps) => hasBegun(lane) && (hasActed(lane) || !given.deferred.has(lane.name));
  const begun = open.filter(isUnderWay);
  if (given.isEnding) return begun.filter((lane) => mustGoOn(drive, lane));
  const waiting = open.filter((lane) => !isUnderWay(lane));
  const inTurn = [
    ...waiting.filter((lane) => !given.deferred.has(lane.name)),
    ...waiting.filter((lane) => given.deferred.has(lane.name)),
  ];
  return [...begun, ...inTurn].slice(0, Math.max(widthOf(given.lanes), begun.length));
}

/** True for a lane whose step under way can be stopped. */
function isStoppable(drive: Drive, lane: LaneSteps): boolean {
  const next = nextOf(lane);
  return next?.state === 'applying' && stepKindOf(drive.operation, next.kind).canStop;
}

/** The run is cancelled: what the lane set in motion is stopped, which ends the lane. */
async function stopLane(drive: Drive, step: RunStep): Promise<Next> {
  const stopped = await stopStep(drive, step);
  return stopped === 'stopped' ? 'again' : stopped;
}

/** True for a lane whose last step left a state that must not last, or whose step is half done. */
function mustGoOn(drive: Drive, lane: LaneSteps): boolean {
  const next = nextOf(lane);
  if (next === undefined) return false;
  if (next.state === 'applying') return true;
  const before = lane.steps.findLast((step) => step.position < next.position && isFinished(step));
  return before !== undefined && stepKindOf(drive.operation, before.kind).bindsNext;
}

function lanesOf(steps: readonly RunStep[], phase: StepPhase, stage: string): readonly LaneSteps[] {
  const lanes = new Map<string, Omit<LaneSteps, 'steps'> & { steps: RunStep[] }>();
  for (const step of steps) {
    if (step.phase !== phase || step.lane?.stage !== stage) continue;
    const { name, width, independent } = step.lane;
    const lane = lanes.get(name) ?? { name, width, isIndependent: independent === true, steps: [] };
    lane.steps.push(step);
    lanes.set(name, lane);
  }
  return [...lanes.values()];
}

function wantsToStop(run: Run, lanes: readonly LaneSteps[]): boolean {
  return run.cancelRequested || run.pauseRequested || run.outcome !== null || lanes.some(stopsOthers);
}

/** A lane that failed, and with which the others have something to do. */
function stopsOthers(lane: LaneSteps): boolean {
  return hasFailed(lane) && !lane.isIndependent;
}

function nextOf(lane: LaneSteps): RunStep | undefined {
  return lane.steps.find((step) => step.state === 'pending' || step.state === 'applying');
}

/** A lane has begun when one of its steps was tried, even if only to look. */
function hasBegun(lane: LaneSteps): boolean {
  return hasActed(lane) || lane.steps.some((step) => step.state !== 'skipped' && step.startedAt !== null);
}

/**
 * True when the lane did more than check whether its first step can be done. Steps after the next one that an earlier try
 * left half done do not count: this try has yet to come to them.
 */
function hasActed(lane: LaneSteps): boolean {
  const next = nextOf(lane)?.position ?? Number.POSITIVE_INFINITY;
  return lane.steps.some((step) => step.position <= next && step.state !== 'skipped' && step.state !== 'pending');
}

function hasFailed(lane: LaneSteps): boolean {
  return lane.steps.some((step) => step.state === 'failed');
}

function isFinished(step: RunStep): boolean {
  return step.state === 'done' || step.state === 'already';
}

function widthOf(lanes: readonly LaneSteps[]): number {
  return Math.max(1, lanes[0]?.width ?? 1);
}

/** Resolves when a busy lane answers, or an idle one is due. */
async function nextChange(
  busy: ReadonlyMap<string, Promise<void>>,
  idle: ReadonlyMap<string, Idle>,
  now: number,
): Promise<void> {
  const due = Math.min(...[...idle.values()].map((lane) => lane.until - now));
  const timer = new AbortController();
  const waits = [...busy.values()];
  if (Number.isFinite(due)) waits.push(sleep(Math.max(due, 1), undefined, { signal: timer.signal }).catch(() => {}));
  await Promise.race(waits);
  timer.abort();
}
