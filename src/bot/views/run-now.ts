import { absencesIn, seenBefore } from '../../domain/absences.ts';
import type { Run, RunStep } from '../../domain/run.ts';
import { type RunStage, stagesOf } from '../../domain/run-stages.ts';
import { countLanes } from './lane-words.ts';

type Stage = RunStage<RunStep>;

/** What the run is working on now, in one sentence; null = nothing. */
export function nowSentence(steps: readonly RunStep[]): string | null {
  const stages = stagesOf(steps);
  const back = stages.find((stage) => stage.phase === 'recover' && isUnderWay(stage));
  if (back !== undefined) return `It ${takesBack(back, steps)}: ${titleNow(back)}`;
  const stage = stages.find(isUnderWay) ?? stages.find((each) => each.state === 'PENDING');
  if (stage === undefined || stage.lanes.length === 0) return null;
  const done = stage.lanes.filter(({ state }) => state === 'DONE').length;
  return `${stage.name}: ${done} of ${countLanes(stage.lanes)} done. ${titleNow(stage)}`;
}

/** `takes be 10.0.0.11:9050 back to 3.4.6` while the run does so by itself; otherwise null. */
export function takingBack(steps: readonly RunStep[]): string | null {
  const back = stagesOf(steps).find((stage) => stage.phase === 'recover' && isUnderWay(stage));
  return back === undefined ? null : takesBack(back, steps);
}

/** `2 of 8 nodes done`, for a run that takes nodes away in lanes; null for other runs. */
export function absencesDone(steps: readonly RunStep[]): string | null {
  const absences = absencesIn(steps);
  if (absences.length === 0) return null;
  return `${absences.filter(({ state }) => state === 'DONE').length} of ${countLanes(absences)} done`;
}

/** What happened to lanes that did not end well, for the end of a run: `be 10.0.0.11:9050 was put back to 3.4.6`. */
export function lanesPutBack(steps: readonly RunStep[]): string[] {
  return stagesOf(steps)
    .filter((stage) => stage.phase === 'do')
    .flatMap(({ lanes }) => lanes)
    .filter((lane) => lane.state === 'TAKEN_BACK' && lane.recovery.length > 0)
    .map((lane) => `${lane.name} was ${putBack(lane.recovery, steps)}`);
}

/**
 * `put back to 3.4.6`, with what the cluster showed afterwards. If something was observed before and nothing since, or
 * the step that brings back was left out, nobody knows what runs there.
 */
export function putBack(recovery: readonly RunStep[], steps: readonly RunStep[]): string {
  const found = endsOf(recovery, ({ observed }) => observed);
  if (found !== '') return `put back to ${found}`;
  const isUnseen = recovery.some(({ effect, state }) => effect === 'brings-back' && state === 'skipped');
  return before(recovery, steps) === '' && !isUnseen ? 'put back' : 'taken back; what runs there now was not seen';
}

function isUnderWay({ state }: Stage): boolean {
  return state === 'RUNNING' || state === 'TAKING_BACK';
}

/** `takes be 10.0.0.11:9050 back to 3.4.6`: what a recovery stage does, with what the cluster had shown before. */
export function takesBack({ lanes, steps: recovery }: Stage, steps: readonly RunStep[]): string {
  const open = lanes.filter(({ state }) => state === 'RUNNING' || state === 'PENDING').map(({ name }) => name);
  const seen = before(recovery, steps);
  return `takes ${open.join(', ')} back${seen === '' ? '' : ` to ${seen}`}`;
}

/** What was seen of these lanes before their turn came; empty when nothing was. */
function before(recovery: readonly RunStep[], steps: readonly RunStep[]): string {
  const keyOf = ({ lane }: RunStep) => JSON.stringify([lane?.stage, lane?.name]);
  const lanes = Map.groupBy(
    steps.filter(({ phase }) => phase !== 'recover'),
    keyOf,
  );
  const seen = [...new Set(recovery.map(keyOf))].flatMap((key) => seenBefore(lanes.get(key) ?? []) ?? []);
  return [...new Set(seen)].join(' and ');
}

/** What the last step of each lane says, joined into one text. */
function endsOf(steps: readonly RunStep[], tell: (step: RunStep) => string | null): string {
  const ends = [...Map.groupBy(steps, ({ lane }) => lane?.name).values()].flatMap(
    (own) => own.flatMap((step) => tell(step) ?? []).at(-1) ?? [],
  );
  return [...new Set(ends)].join(' and ');
}

function titleNow({ lanes }: Stage): string {
  const now = lanes.filter(({ state }) => state === 'RUNNING' || state === 'TAKING_BACK');
  return (now.length > 0 ? now : lanes.slice(0, 1)).flatMap(({ current }) => current?.title ?? []).join('; ');
}

/** The step that holds the paused run until a person has looked, and its message; null when a person paused the run. */
export function holdOf(run: Run, steps: readonly RunStep[]): { position: number; message: string } | null {
  const held = run.state === 'PAUSED' ? steps.find(({ hold }) => hold !== null) : undefined;
  return held === undefined || held.hold === null ? null : { position: held.position, message: held.hold };
}
