import type { Lane, StepSpec } from '../../domain/plan.ts';
import { lineOf, parseVersion } from '../../domain/version.ts';
import { awaitTablets } from '../../steps/upgrade/await-tablets.ts';
import { awaitVersion } from '../../steps/upgrade/await-version.ts';
import { guardNode } from '../../steps/upgrade/guard.ts';
import type { NodeMove } from '../../steps/upgrade/place.ts';
import { startForMove, stopForMove } from '../../steps/upgrade/power.ts';
import { compareQueries } from '../../steps/upgrade/queries.ts';
import { keepSchedulingPaused } from '../../steps/upgrade/scheduling.ts';
import { swapBack, swapBinaries } from '../../steps/upgrade/swap.ts';

export type LaneOptions = {
  /** `in`: the staged binaries come; `back`: the kept ones return. */
  readonly swap: 'in' | 'back';
  /** What must hold before a node of the other sort goes: the side that goes first has to be there. */
  readonly first: 'WORKERS' | 'FRONTENDS';
  /** Seconds to watch queries after the node is back, and by what factor they may be worse; null = not watched. */
  readonly watch: { readonly seconds: number; readonly factor: number } | null;
};

/** Everything that is done to one node, as a lane of its stage. */
export function laneOf(
  move: NodeMove,
  at: { readonly stage: string; readonly width: number; readonly mates: readonly string[] },
  { swap, first, watch }: LaneOptions,
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
      },
      lane,
    ),
    keepSchedulingPaused.with({ label: move.label }, lane),
    stopForMove.with(move, lane),
    (swap === 'in' ? swapBinaries : swapBack).with(move, lane),
    startForMove.with(move, lane),
    awaitVersion.with(move, lane),
    ...(move.hasTablets ? [awaitTablets.with(waitOf(move), lane)] : []),
    ...(watch === null ? [] : [compareQueries.with({ label: move.label, ...watch }, lane)]),
  ];
}

function waitOf({ label, gateTimeoutSeconds }: NodeMove) {
  return { label, gateTimeoutSeconds };
}

function lineOfVersion(text: string): string | null {
  const version = parseVersion(text);
  return version === null ? null : lineOf(version);
}
