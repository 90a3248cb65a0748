import { z } from 'zod';
import type { Run, RunStep } from '../../domain/run.ts';
import { type RunStage, stagesOf } from '../../domain/run-stages.ts';
import { upgradedNodes } from '../../domain/upgrade/nodes.ts';
import { countLanes } from './lane-words.ts';
import { count } from './text.ts';

type Stage = RunStage<RunStep>;

/** Who is worked on now, in one sentence; null = nobody. */
export function nowSentence(steps: readonly RunStep[]): string | null {
  const stages = stagesOf(steps);
  const back = stages.find((stage) => stage.phase === 'recover' && isUnderWay(stage));
  if (back !== undefined) return `It ${takesBack(back)}: ${titleNow(back)}`;
  const stage = stages.find(isUnderWay) ?? stages.find((each) => each.state === 'PENDING');
  if (stage === undefined || stage.lanes.length === 0) return null;
  const done = stage.lanes.filter(({ state }) => state === 'DONE').length;
  const names = stage.lanes.map(({ name }) => name);
  return `${stage.name}: ${done} of ${countLanes(names)} done. ${titleNow(stage)}`;
}

/** `takes be 10.0.0.11:9050 back to 3.4.6` while the run does so by itself; null otherwise. */
export function takingBack(steps: readonly RunStep[]): string | null {
  const back = stagesOf(steps).find((stage) => stage.phase === 'recover' && isUnderWay(stage));
  return back === undefined ? null : takesBack(back);
}

/** `2 of 8 nodes done`, of an upgrade; null for runs that take no nodes away. */
export function nodesDone(steps: readonly RunStep[]): string | null {
  const nodes = upgradedNodes(steps);
  if (nodes.length === 0) return null;
  return `${nodes.filter(({ state }) => state === 'DONE').length} of ${count(nodes.length, 'node')} done`;
}

/** What became of lanes that did not end well, for the end of a run: `be 10.0.0.11:9050 was put back to 3.4.6`. */
export function lanesPutBack(steps: readonly RunStep[]): string[] {
  return stagesOf(steps)
    .filter((stage) => stage.phase === 'do')
    .flatMap(({ lanes }) => lanes)
    .filter((lane) => lane.state === 'TAKEN_BACK' && lane.recovery.length > 0)
    .map((lane) => `${lane.name} was ${putBack(lane.recovery)}`);
}

const seen = z.looseObject({ version: z.string() });

/** `put back to 3.4.6`, with the version that the cluster named when it was looked at afterwards, not the one that was meant. */
export function putBack(recovery: readonly RunStep[]): string {
  const found = endsOf(recovery, ({ facts }) => seen.safeParse(facts).data?.version);
  if (found !== '') return `put back to ${found}`;
  return versionAfter(recovery) === '' ? 'put back' : 'taken back; what runs there now was not seen';
}

function isUnderWay({ state }: Stage): boolean {
  return state === 'RUNNING' || state === 'TAKING_BACK';
}

/** `takes be 10.0.0.11:9050 back to 3.4.6`: what a stage of a recovery does. */
export function takesBack({ lanes, steps }: Stage): string {
  const open = lanes.filter(({ state }) => state === 'RUNNING' || state === 'PENDING').map(({ name }) => name);
  return `takes ${open.join(', ')} back${toWhat(steps)}`;
}

const withVersion = z.looseObject({ toVersion: z.string() });

/** `3.4.6`: the version that these steps are to end at; empty when they name none. */
export function versionAfter(steps: readonly RunStep[]): string {
  return endsOf(steps, ({ params }) => withVersion.safeParse(params).data?.toVersion);
}

function endsOf(steps: readonly RunStep[], versionOf: (step: RunStep) => string | undefined): string {
  const ends = [...Map.groupBy(steps, ({ lane }) => lane?.name).values()].flatMap(
    (own) => own.flatMap((step) => versionOf(step) ?? []).at(-1) ?? [],
  );
  return [...new Set(ends)].join(' and ');
}

function toWhat(steps: readonly RunStep[]): string {
  const version = versionAfter(steps);
  return version === '' ? '' : ` to ${version}`;
}

function titleNow({ lanes }: Stage): string {
  const now = lanes.filter(({ state }) => state === 'RUNNING' || state === 'TAKING_BACK');
  return (now.length > 0 ? now : lanes.slice(0, 1)).flatMap(({ current }) => current?.title ?? []).join('; ');
}

/**
 * What a person is to look at while the run is paused, if a step of its plan asked for that; null when a person paused it.
 * Such a step is done, stands alone, and nothing behind it has begun.
 */
export function holdOf(run: Run, steps: readonly RunStep[]): string | null {
  if (run.state !== 'PAUSED' || run.progress === null) return null;
  const plan = steps.filter((step) => step.phase === 'do');
  const last = plan.findLast((step) => step.state === 'done');
  const isQuiet = plan.every((step) => step.position <= (last?.position ?? -1) || step.startedAt === null);
  if (last === undefined || last.lane !== null || !isQuiet || run.progress.message === last.title) return null;
  return run.progress.message;
}
