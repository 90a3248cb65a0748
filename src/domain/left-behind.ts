import type { RunStep } from './run.ts';

/** A step of a run as far as it says what lies beside whom it is about. */
export type LeavingStep = Pick<
  RunStep,
  'about' | 'leaves' | 'removes' | 'position' | 'phase' | 'state' | 'attempt' | 'undoOf'
>;

/**
 * Whether a run has left this beside anything: of all steps about one subject that leave or remove it, the last that was
 * carried out, or of which nobody knows whether it was, is not one that was seen to have removed it. A run that put everything
 * back, was undone, or ended before its first such step has left nothing.
 */
export function hasLeft(steps: readonly LeavingStep[], what: string): boolean {
  const sent = steps
    .filter((step) => (step.leaves === what || step.removes === what) && hasHappened(step))
    // What took a lane back in an earlier try, before a retry, is history: the lane's own steps say what is so now.
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
