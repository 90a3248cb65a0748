import type { RunStep } from './run.ts';

/** The part of a run's step that shows what is left beside its subject. */
export type LeavingStep = Pick<
  RunStep,
  'about' | 'leaves' | 'removes' | 'position' | 'phase' | 'state' | 'attempt' | 'undoOf'
>;

/**
 * Whether a run has left this beside anything. Among the steps about one subject that leave or remove it, the last that
 * was carried out (or may have been) decides: the thing is left unless that step was seen to have removed it. A run that
 * put everything back, was undone, or ended before its first such step has left nothing.
 */
export function hasLeft(steps: readonly LeavingStep[], what: string): boolean {
  const sent = steps
    .filter((step) => (step.leaves === what || step.removes === what) && hasHappened(step))
    // Recoveries of an earlier try, before a retry, do not count: the lane's own steps show what holds now.
    .filter((step) => step.phase !== 'recover' || step.undoOf !== null)
    .toSorted((a, b) => a.position - b.position);
  const subjects = Map.groupBy(sent, ({ about }) => JSON.stringify([about.kind, about.id, about.label]));
  return [...subjects.values()].some((own) => {
    const last = own.at(-1);
    return last !== undefined && !(last.removes === what && (last.state === 'done' || last.state === 'already'));
  });
}

function hasHappened({ state, attempt }: LeavingStep): boolean {
  if (state === 'done' || state === 'already') return true;
  return (state === 'applying' || state === 'failed') && attempt > 0;
}
