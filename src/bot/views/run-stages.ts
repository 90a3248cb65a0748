import { type Absence, absencesIn } from '../../domain/absences.ts';
import { isTerminal, type Run, type RunStep, type StepState } from '../../domain/run.ts';
import { countDone, type RunLane, type RunStage, stagesOf } from '../../domain/run-stages.ts';
import { countLanes, paceOf, someNames } from './lane-words.ts';
import { newsInLine } from './long-news.ts';
import { putBack, takesBack } from './run-now.ts';
import { count, duration, safe } from './text.ts';

type Stage = RunStage<RunStep>;
type Lane = RunLane<RunStep>;
type Told = {
  readonly run: Run;
  readonly steps: readonly RunStep[];
  readonly away: ReadonlyMap<string, Absence>;
};

/** If the stage under way has more lanes than this, those that wait or are done are only counted. */
const shownLanes = 12;
/** If there are so many, neighbouring stages that are all done or all wait are shown on one line. */
const fewStages = 4;
const indent = '\u2003';

/** True when progress can be shown by stage and lane. */
export function hasLanes(steps: readonly RunStep[]): boolean {
  return steps.some((step) => step.lane !== null);
}

/** Progress by stage: those under way or failed with their lanes, all others on one line each. */
export function stageLines(run: Run, steps: readonly RunStep[]): string[] {
  const away = new Map(absencesIn(steps).map((absence) => [keyOf(absence.stage, absence.name), absence]));
  const told = { run, steps, away };
  const stages = stagesOf(steps);
  const isBack = stages.some((stage) => stage.phase === 'undo') || run.state === 'UNDOING';
  const isTakenBack = stages.some(({ phase, state }) => phase === 'recover' && state !== 'DONE');
  const isEnding = run.outcome !== null || isTerminal(run.state) || isBack || isTakenBack;
  // While the plan goes on, what was put back before a pause or retry is not shown; during an undo, the stages of the
  // plan are not.
  const shown = stages.filter((stage) =>
    isBack ? stage.phase !== 'do' && stage.phase !== 'recover' : isEnding || stage.phase === 'do',
  );
  const before = steps.filter((step) => step.phase === 'do');
  const folded = isBack ? [`✔ before the undo: ${countDone(before)} of ${count(before.length, 'step')} done`] : [];
  return [...folded, ...partsOf(shown).flatMap((part) => partLines(part, told))];
}

/** Neighbours that share one line: steps that stand alone, and many stages, when all are done or all wait. */
function partsOf(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const parts: Stage[][] = [];
  for (const stage of stages) {
    const before = parts.at(-1)?.at(-1);
    const isAlike =
      before !== undefined &&
      before.lanes.length > 0 === stage.lanes.length > 0 &&
      before.state === stage.state &&
      before.phase === stage.phase &&
      (stage.state === 'DONE' || stage.state === 'PENDING');
    if (isAlike) parts.at(-1)?.push(stage);
    else parts.push([stage]);
  }
  return parts.flatMap((part) => (isLanes(part) && part.length < fewStages ? part.map((stage) => [stage]) : [part]));
}

function isLanes(part: readonly Stage[]): boolean {
  return part.some(({ lanes }) => lanes.length > 0);
}

function partLines(part: readonly Stage[], told: Told): string[] {
  const [stage] = part;
  if (stage === undefined) return [];
  if (isLanes(part)) return part.length > 1 ? [manyStagesLine(part, told)] : laneStageLines(stage, told);
  const titles = part.map(({ name }) => safe(name, 120));
  const shown =
    part.length > 1 && stage.state === 'DONE'
      ? `${count(part.length, 'step')}, the last: ${titles.at(-1)}`
      : titles.join(' · ');
  return [`${signOf(stage, told)}: ${prefixOf(stage)}${shown}${newsOf(stage.steps[0])}`];
}

function manyStagesLine(part: readonly Stage[], told: Told): string {
  const [first] = part;
  const lanes = part.flatMap((stage) => stage.lanes);
  const ends = `*${safe(first?.name ?? '', 100)}* to *${safe(part.at(-1)?.name ?? '', 100)}*`;
  const facts = `${count(part.length, 'stage')}, ${countLanes(lanes)}${suffix(awayRange(part, told))}${withoutWhom(part)}`;
  return `${first === undefined ? '' : signOf(first, told)}: ${ends}: ${facts}`;
}

function laneStageLines(stage: Stage, told: Told): string[] {
  if (stage.phase === 'recover') return [recoveryLine(stage, told)];
  const { lanes } = stage;
  const title = `${signOf(stage, told)}: ${prefixOf(stage)}*${safe(stage.name, 100)}*`;
  const pace = suffix(paceOf(lanes.length, stage.width));
  switch (stage.state) {
    case 'PENDING':
      return [`${title}: ${who(lanes)}${pace}`];
    case 'SKIPPED':
      return [`${title}: ${who(lanes)}`];
    case 'DONE':
      return [`${title}: ${who(lanesDone(stage))}${suffix(awayRange([stage], told))}${withoutWhom([stage])}`];
    case 'RUNNING':
    case 'FAILED':
    case 'TAKING_BACK':
    case 'TAKEN_BACK': {
      const done = lanes.length === 1 ? '' : `: ${lanesDone(stage).length} of ${countLanes(lanes)} done${pace}`;
      return [`${title}${done}`, ...laneLines(stage, told).map((line) => `${indent}${line}`)];
    }
    default:
      return stage.state satisfies never;
  }
}

/** What the run takes back by itself, and what it does for that now. */
function recoveryLine(stage: Stage, { steps }: Told): string {
  if (stage.state === 'DONE') return `↩ done: ${who(stage.lanes)} ${safe(putBack(stage.steps, steps), 100)}`;
  const now =
    stage.lanes.find(({ state }) => state === 'RUNNING') ?? stage.lanes.find(({ state }) => state === 'PENDING');
  const broken = stage.lanes.flatMap(({ failed }) => failed?.failure?.message ?? []);
  const doingNow = now?.current == null ? '' : `: ${doing(now.current)}`;
  const failed =
    broken.length === 0 ? '' : `✖ failed: taking back ${who(stage.lanes)}: ${safe(broken.join('; '), 300)}`;
  return failed !== '' && now === undefined ? failed : `↩ running: ${safe(takesBack(stage, steps), 200)}${doingNow}`;
}

function lanesDone({ lanes }: Stage): readonly Lane[] {
  return lanes.filter(({ state }) => state === 'DONE');
}

function withoutWhom(part: readonly Stage[]): string {
  const left = part.flatMap(({ lanes }) => lanes.filter(({ state }) => state === 'SKIPPED').map(({ name }) => name));
  return left.length === 0 ? '' : `, without ${someNames(left, 3)}`;
}

function laneLines(stage: Stage, told: Told): string[] {
  const { lanes } = stage;
  const line = (lane: Lane) => laneLine(stage, lane, told);
  if (lanes.length <= shownLanes) return lanes.map(line);
  const done = lanes.filter(({ state }) => state === 'DONE');
  const waiting = lanes.filter(({ state }) => state === 'PENDING');
  const busy = lanes.filter((lane) => !done.includes(lane) && !waiting.includes(lane));
  const more = busy.length - shownLanes;
  return [
    ...(done.length === 0 ? [] : [`✔ done: ${who(lanesDone(stage))}${suffix(awayRange([stage], told))}`]),
    ...busy.slice(0, shownLanes).map(line),
    ...(more > 0 ? [`▶ and ${more} more`] : []),
    ...(waiting.length === 0 ? [] : [`${waitingSign(told)}: ${who(waiting)}`]),
  ];
}

function laneLine(stage: Stage, lane: Lane, told: Told): string {
  const name = safe(lane.name, 100);
  const away = told.away.get(keyOf(stage.name, lane.name))?.awayMs ?? null;
  const wasAway = away === null ? '' : `, away ${duration(away)}`;
  switch (lane.state) {
    case 'PENDING':
      return `${waitingSign(told)}: ${name}`;
    case 'RUNNING':
      return lane.current === null ? `▶ running: ${name}` : `▶ running: ${doing(lane.current)}`;
    case 'DONE':
      return `✔ done: ${name}${wasAway}`;
    case 'FAILED':
      return `✖ failed: ${whyFailed(lane)}`;
    case 'TAKING_BACK':
      return `✖ failed, is put back: ${whyFailed(lane)}`;
    case 'TAKEN_BACK': {
      // Without a recovery it was taken back by an undo, which makes its own checks at its end.
      const how = lane.recovery.length === 0 ? 'taken back' : putBack(lane.recovery, told.steps);
      return `↩ failed, was ${safe(how, 100)}: ${whyFailed(lane)}${wasAway}`;
    }
    case 'SKIPPED':
      return `– left out: ${name}`;
    default:
      return lane.state satisfies never;
  }
}

/** The lane and the reason, with the lane's name only once. */
function whyFailed({ name, failed }: Lane): string {
  const message = failed?.failure?.message ?? '';
  if (message.includes(name)) return safe(message, 200);
  return `${safe(name, 100)}${message === '' ? '' : `: ${safe(message, 160)}`}`;
}

/** A step with its own progress message. */
function doing(step: RunStep): string {
  return `${safe(step.title, 150)}${newsOf(step)}`;
}

function newsOf(step: RunStep | undefined): string {
  if (step === undefined || step.progress === null || !isOpen(step.state)) return '';
  const { completed, total, message } = step.progress;
  return ` (${total === null ? '' : `${completed} of ${total}, `}${safe(message, newsInLine)})`;
}

function isOpen(state: StepState): boolean {
  return state === 'pending' || state === 'applying';
}

function signOf({ state }: Stage, told: Told): string {
  switch (state) {
    case 'PENDING':
      return waitingSign(told);
    case 'RUNNING':
      return '▶ running';
    case 'DONE':
      return '✔ done';
    case 'FAILED':
    case 'TAKEN_BACK':
    case 'TAKING_BACK':
      return '✖ failed';
    case 'SKIPPED':
      return '– left out';
    default:
      return state satisfies never;
  }
}

function waitingSign({ run }: Told): string {
  return isTerminal(run.state) || run.outcome !== null ? '○ not begun' : '○ waiting';
}

function prefixOf({ phase }: Stage): string {
  return { do: '', undo: 'undo: ', recover: '', restore: '' }[phase];
}

function who(lanes: readonly Lane[]): string {
  return lanes.length === 1 ? safe(lanes[0]?.name ?? '', 100) : countLanes(lanes);
}

function suffix(text: string): string {
  return text === '' ? '' : `, ${text}`;
}

/** `away 28 s`, `away 28 s to 41 s`: how long the nodes of these stages whose lanes are done were away. */
function awayRange(part: readonly Stage[], { away }: Told): string {
  const times = part.flatMap((stage) =>
    lanesDone(stage).flatMap(({ name }) => away.get(keyOf(stage.name, name))?.awayMs ?? []),
  );
  if (times.length === 0) return '';
  const [least, most] = [duration(Math.min(...times)), duration(Math.max(...times))];
  return `away ${least}${least === most ? '' : ` to ${most}`}`;
}

function keyOf(stage: string, name: string): string {
  return JSON.stringify([stage, name]);
}
