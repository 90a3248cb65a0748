import type { Lane, StepSpec } from '../../../domain/plan.ts';
import { lineOf, parseVersion } from '../../../domain/version.ts';
import { awaitVersion } from '../../node/steps/await-back.ts';
import { awaitTablets } from '../../node/steps/await-tablets.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { compareQueries, soak } from '../../node/steps/queries.ts';
import { keepSchedulingPaused } from '../../node/steps/scheduling.ts';
import type { NodeMove } from '../steps/place.ts';
import { startForMove, stopForMove } from '../steps/power.ts';
import { swapBack, swapBinaries } from '../steps/swap.ts';

export type LaneOptions = {
  /** `in`: the staged binaries are put in place; `back`: the kept ones return. */
  readonly swap: 'in' | 'back';
  /**
   * Which side goes first, the frontends or the workers (backends and compute nodes): it has to be done before a node of
   * the other side goes.
   */
  readonly first: 'WORKERS' | 'FRONTENDS';
  /** How queries are watched after the node is back; null = they are not. */
  readonly watch: Watch | null;
  /** How the whole cluster is watched after that; part of the lane, so that a node that does not stand it is put back. */
  readonly soak: Watch | null;
};

/** For how many seconds queries are watched, and by what factor they may be worse than before. */
type Watch = { readonly seconds: number; readonly factor: number };

/** Everything that is done to one node, as a lane of its stage. */
export function laneOf(
  move: NodeMove,
  at: { readonly stage: string; readonly width: number; readonly mates: readonly string[] },
  { swap, first, watch, soak: soaking }: LaneOptions,
): StepSpec[] {
  const lane: Lane = { stage: at.stage, name: move.label, width: at.width };
  const isFrontend = move.kind === 'FRONTEND';
  const line = lineOfVersion(move.toVersion);
  return [
    guardNode.with(
      {
        ...move,
        mates: [...at.mates],
        workersOn: isFrontend && first === 'WORKERS' ? line : null,
        frontendsOn: !isFrontend && first === 'FRONTENDS' ? line : null,
        swap,
      },
      lane,
    ),
    keepSchedulingPaused.with({ label: move.label }, lane),
    stopForMove.with(move, lane),
    (swap === 'in' ? swapBinaries : swapBack).with(move, lane),
    startForMove.with(move, lane),
    awaitVersion.with(move, lane),
    ...(move.hasTablets ? [awaitTablets.with(waitOf(move), lane)] : []),
    ...(watch === null ? [] : [compareQueries.with(watchOf(move, watch), lane)]),
    ...(soaking === null ? [] : [soak.with(watchOf(move, soaking), lane)]),
  ];
}

/** What is needed to watch queries since a node is back, and to read what the node wrote meanwhile. */
function watchOf({ label, kind, hostId, deployDir }: NodeMove, watch: Watch) {
  return { label, kind, hostId, deployDir, ...watch };
}

function waitOf({ label, gateTimeoutSeconds }: NodeMove) {
  return { label, gateTimeoutSeconds };
}

function lineOfVersion(text: string): string | null {
  const version = parseVersion(text);
  return version === null ? null : lineOf(version);
}
