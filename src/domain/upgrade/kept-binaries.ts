import type { Lane } from '../plan.ts';
import type { StepPhase, StepState } from '../run.ts';

/** Steps by which a node's binaries change places. */
export const swapKinds = ['swapBinaries', 'swapBack'] as const;

/** A step of a run as far as it says where a node's binaries are. */
export type SwapStep = {
  readonly kind: string;
  readonly position: number;
  readonly phase: StepPhase;
  readonly state: StepState;
  /** How often it was sent. */
  readonly attempt: number;
  readonly undoOf: number | null;
  readonly lane: Lane | null;
};

/**
 * Whether a run has left old binaries aside on a node: for each node, the last swap that was carried out, or of which nobody
 * knows whether it was, is not a swap back that was seen to be there. A run that put everything back, was undone, or ended
 * before its first swap keeps nothing.
 */
export function keepsBinaries(steps: readonly SwapStep[]): boolean {
  const sent = steps
    .filter((step) => isSwap(step) && hasHappened(step))
    // What took a lane back in an earlier try, before a retry, is history: the lane's own steps say what is so now.
    .filter((step) => step.phase !== 'recover' || step.undoOf !== null)
    .toSorted((a, b) => a.position - b.position);
  const nodes = Map.groupBy(sent, ({ lane }) => lane?.name ?? '');
  return [...nodes.values()].some((own) => {
    const last = own.at(-1);
    return last !== undefined && !(last.kind === 'swapBack' && (last.state === 'done' || last.state === 'already'));
  });
}

function isSwap({ kind }: SwapStep): boolean {
  return swapKinds.some((known) => known === kind);
}

function hasHappened({ state, attempt }: SwapStep): boolean {
  if (state === 'done' || state === 'already') return true;
  return (state === 'applying' || state === 'failed') && attempt > 0;
}
