import type { Lane } from '../plan.ts';
import type { StepPhase, StepState } from '../run.ts';

/** What the journal knows of a step, as far as it matters here. */
export type LaneStep = {
  readonly position: number;
  readonly phase: StepPhase;
  readonly kind: string;
  readonly state: StepState;
  /** The position of the step that this one takes back. */
  readonly undoOf: number | null;
  readonly lane: Lane | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
};

/**
 * `TAKEN_BACK`: it failed, or somebody asked for it, and the node runs its old version again. `TAKING_BACK`: that is under
 * way. `SKIPPED`: the run went on without it.
 */
export type UpgradeNodeState = 'PENDING' | 'RUNNING' | 'DONE' | 'FAILED' | 'TAKING_BACK' | 'TAKEN_BACK' | 'SKIPPED';

/** What an upgrade did to one node. */
export type UpgradedNode = {
  /** What people call the node: the name of its lane. */
  readonly node: string;
  /** The part of the upgrade in which its turn came, e.g. `Backends, wave 2`. */
  readonly stage: string;
  readonly state: UpgradeNodeState;
  /** When it was told to stop; null = this run did not stop it, or not yet. */
  readonly stoppedAt: Date | null;
  /** When it was found to be back, on the version it should have or the one it had; null = it is not. */
  readonly backAt: Date | null;
  /** From the one to the other; null when either is missing. */
  readonly awayMs: number | null;
};

/** What every lane of a node has, and no lane that only fetches archives. */
const stopKind = /^stop/;
/** The last of the steps without which a node is away: `awaitVersion` in a plan, and what ends its recovery. */
const backKind = /^await(Version|Node)/;

/** The nodes of an upgrade in the order of its plan, read from the journal of its run. */
export function upgradedNodes(steps: readonly LaneStep[]): readonly UpgradedNode[] {
  const inOrder = steps.toSorted((a, b) => a.position - b.position);
  const lanes = new Map<string, { lane: Lane; planned: LaneStep[] }>();
  for (const step of inOrder) {
    if (step.lane === null || step.phase !== 'do') continue;
    const key = JSON.stringify([step.lane.stage, step.lane.name]);
    const known = lanes.get(key);
    if (known === undefined) lanes.set(key, { lane: step.lane, planned: [step] });
    else known.planned.push(step);
  }
  return [...lanes.values()].flatMap(({ lane, planned }) => {
    const stop = planned.find((step) => stopKind.test(step.kind));
    if (stop === undefined) return [];
    const positions = new Set(planned.map((step) => step.position));
    // an undo may be planned anew, with stages of its own: then the node's name is what they have in common
    const later = inOrder.filter(
      (step) => step.lane?.name === lane.name || (step.undoOf !== null && positions.has(step.undoOf)),
    );
    return [describe(lane, { stop, planned, recover: inPhase(later, 'recover'), undo: inPhase(later, 'undo') })];
  });
}

type LaneHistory = {
  readonly stop: LaneStep;
  readonly planned: readonly LaneStep[];
  readonly recover: readonly LaneStep[];
  readonly undo: readonly LaneStep[];
};

function describe({ name, stage }: Lane, history: LaneHistory): UpgradedNode {
  const { stop, planned, recover } = history;
  // `appliedAt` is only there for a step that was waited for after it was sent; this one is sent as it begins.
  const wasSent = stop.state === 'done' || stop.state === 'applying' || stop.state === 'failed';
  const stoppedAt = wasSent ? stop.startedAt : null;
  const backAt = stoppedAt === null ? null : firstBackSince(stoppedAt, [...planned, ...recover]);
  const awayMs = stoppedAt === null || backAt === null ? null : backAt.getTime() - stoppedAt.getTime();
  return { node: name, stage, state: stateOf(history), stoppedAt, backAt, awayMs };
}

/** A retry stops the node once more, and the recovery before it is no answer to that. */
function firstBackSince(stoppedAt: Date, steps: readonly LaneStep[]): Date | null {
  const times = steps
    .filter((step) => backKind.test(step.kind) && (step.state === 'done' || step.state === 'already'))
    .flatMap(({ finishedAt }) => (finishedAt === null || finishedAt < stoppedAt ? [] : [finishedAt]));
  return times.toSorted((a, b) => a.getTime() - b.getTime())[0] ?? null;
}

function stateOf({ planned, recover, undo }: LaneHistory): UpgradeNodeState {
  if (undo.length > 0) return wayBack(undo);
  if (planned.some((step) => step.state === 'failed')) return recover.length > 0 ? wayBack(recover) : 'FAILED';
  if (planned.some((step) => step.state === 'skipped' && backKind.test(step.kind))) return 'SKIPPED';
  if (planned.every(isOver)) return 'DONE';
  return planned.some((step) => step.state !== 'pending' || step.startedAt !== null) ? 'RUNNING' : 'PENDING';
}

function wayBack(steps: readonly LaneStep[]): UpgradeNodeState {
  if (steps.some((step) => step.state === 'failed')) return 'FAILED';
  return steps.every(isOver) ? 'TAKEN_BACK' : 'TAKING_BACK';
}

function isOver({ state }: LaneStep): boolean {
  return state === 'done' || state === 'already' || state === 'skipped';
}

function inPhase(steps: readonly LaneStep[], phase: StepPhase): readonly LaneStep[] {
  return steps.filter((step) => step.phase === phase);
}
