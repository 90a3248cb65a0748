/** What a run may take on a quiet machine of two cores. Said where it is more, and never judged: machines differ. */
const fileSeconds = 40;
const runSeconds = 8 * 60;

export type Timed = { readonly file: string; readonly seconds: number; readonly isLong: boolean };

/** One line for each file over its budget, longest first, and one for the run. Long labs have no budget. */
export function overBudget(files: readonly Timed[], tookSeconds: number): string[] {
  const slow = files
    .filter(({ seconds, isLong }) => seconds > fileSeconds && !isLong)
    .toSorted((one, other) => other.seconds - one.seconds);
  const isLongRun = files.some(({ isLong }) => isLong);
  return [
    ...slow.map(({ file, seconds }) => `over budget: ${file} took ${Math.round(seconds)} s of ${fileSeconds} s`),
    ...(tookSeconds > runSeconds && !isLongRun
      ? [`over budget: the run took ${Math.round(tookSeconds)} s of ${runSeconds} s`]
      : []),
  ];
}
