import type { RunStep } from '../../domain/run.ts';
import { count, safe } from './text.ts';

/** A line of progress shows so much of a step's message. */
export const newsInLine = 150;
const mostSteps = 3;

/**
 * What steps under way say at length (why a backend does not empty, with the tables), whole where it fits: their lines in
 * the progress show its beginning only. Empty = nothing is cut there.
 */
export function longNews(steps: readonly RunStep[], { runNumber, max }: { runNumber: number; max: number }): string[] {
  const said = steps.flatMap(({ state, progress }) =>
    (state === 'pending' || state === 'applying') && progress !== null ? [progress.message] : [],
  );
  const long = said.filter((message) => safe(message, newsInLine) !== safe(message, message.length * 5));
  const shown = long.slice(0, mostSteps);
  const rest = `the whole is in the API: the steps of \`run(number: ${runNumber})\` with their progress`;
  const room = Math.floor(max / Math.max(1, shown.length)) - rest.length - 10;
  const texts = shown.map((message) => {
    const whole = safe(message, message.length * 5);
    return whole.length <= room ? whole : `${safe(message, room)} (${rest})`;
  });
  const more = long.length - shown.length;
  return more > 0 ? [...texts, `… and ${count(more, 'more step')}`] : texts;
}
