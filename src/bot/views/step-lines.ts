import type { RunStep, StepState } from '../../domain/run.ts';
import { newsInLine } from './long-news.ts';
import { count, safe } from './text.ts';

/** If there are more steps than this, the finished ones are folded into one line. */
const shownSteps = 12;

/** The steps of a run without lanes, one on each line. */
export function stepLines(steps: readonly RunStep[], { isOver }: { isOver: boolean }): string[] {
  const stepLine = (step: RunStep) => lineOf(step, isOver);
  const isFinished = (step: RunStep) => step.state === 'done' || step.state === 'already' || step.state === 'skipped';
  if (steps.length <= shownSteps) return steps.map(stepLine);
  const finished = steps.filter(isFinished);
  const open = steps.filter((step) => !isFinished(step));
  const folded =
    finished.length === 0
      ? []
      : [`✔ done: ${count(finished.length, 'step')}, last ${safe(finished.at(-1)?.title ?? '', 150)}`];
  const left = open.length - shownSteps;
  return [
    ...folded,
    ...open.slice(0, shownSteps).map(stepLine),
    ...(left > 0 ? [`${isOver ? notBegun : waiting}: ${count(left, 'more step')}`] : []),
  ];
}

const waiting = '○ waiting';
/** For a run that has ended: nothing waits any more. */
const notBegun = '○ not begun';

function lineOf(step: RunStep, isOver: boolean): string {
  const phase = { do: '', undo: 'undo: ', recover: 'take back: ', restore: 'put back: ' }[step.phase];
  const sign = step.state === 'pending' && isOver ? notBegun : signOf(step.state);
  const news =
    step.state === 'applying' || (step.state === 'pending' && step.progress !== null && !isOver)
      ? progressOf(step)
      : '';
  return `${sign}: ${phase}${safe(step.title, 150)}${news}`;
}

function signOf(state: StepState): string {
  switch (state) {
    case 'pending':
      return waiting;
    case 'applying':
      return '▶ running';
    case 'done':
      return '✔ done';
    case 'already':
      return '✔ was so already';
    case 'failed':
      return '✖ failed';
    case 'skipped':
      return '– skipped';
    default:
      return state satisfies never;
  }
}

function progressOf({ progress }: RunStep): string {
  if (progress === null) return '';
  const figures = progress.total === null ? '' : `${progress.completed} of ${progress.total}, `;
  return ` (${figures}${safe(progress.message, newsInLine)})`;
}
