import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { nodeKinds, type ObservedNode } from '../../../domain/cluster.ts';
import type { BinariesState } from '../../../domain/node-binaries.ts';
import { findSameNode } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal, StepSpec } from '../../../domain/plan.ts';
import { judgePath } from '../../../domain/upgrade/path.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { removeStaged } from '../../../steps/release/stage.ts';
import type { EndedRun, PlannedStep } from '../../define.ts';
import { pauseTabletScheduling } from '../../node/steps/scheduling.ts';
import { closeThisUpgrade } from '../steps/history.ts';
import { type NodeMove, nodeMove, replacementOf, reversed } from '../steps/place.ts';
import { laneOf } from './lanes.ts';

const stagedPlace = z.object({
  hostId: z.string(),
  release: z.object({ version: z.string(), sha256: z.string() }),
  node: z.object({ label: z.string(), kind: z.enum(nodeKinds), deployDir: z.string() }),
});

/**
 * The way back, from what the hosts and the cluster say now and not from the journal: every node whose old binaries are
 * kept by this run gets them back. The order is that of the opposite direction: an upgrade is taken back in the order of
 * a downgrade (frontends first, the leader of that moment last among them), a downgrade in that of an upgrade.
 */
export async function planWayBack(
  direction: 'UPGRADE' | 'DOWNGRADE',
  reading: Reading,
  run: EndedRun,
): Promise<PlanResult> {
  const moves = movesOf(run.steps);
  const rows = toObservedNodes(await readTopology(reading.sql, { signal: reading.signal }));
  const looked = await Promise.all(
    moves.map(async (move) => ({
      move,
      row: findSameNode(rows, move),
      found: await (await reading.node(move)).binaries(replacementOf(move, run.runId), reading),
    })),
  );
  const refusals = looked.flatMap(({ move, row, found }) => [...refusalOf(move, row, found), ...goneOf(move, found)]);
  if (refusals.length > 0) return { refusals };
  const back = looked.filter(
    ({ row, found }) => found?.state === 'new' || found?.state === 'half' || row?.alive === false,
  );
  const lanes = orderOf(direction, back);
  const clean = removeStagedSteps(run.steps);
  const names = back.map(({ move }) => move.label);
  return {
    summary:
      names.length === 0
        ? 'no node was changed; what was staged is removed'
        : `${names.join(', ')} ${names.length === 1 ? 'goes' : 'go'} back to ${[...new Set(back.map(({ move }) => move.fromVersion))].join(' and ')}`,
    steps: [
      ...(lanes.length > 0 ? [pauseTabletScheduling.with({})] : []),
      ...lanes,
      ...clean,
      closeThisUpgrade.with({}),
    ],
  };
}

/** Why a run that has come this far cannot be taken back: a frontend has written what the old version cannot read. */
export function whyNoWayBack(steps: readonly PlannedStep[]): string | null {
  const recovery = Map.groupBy(
    steps.filter((step) => step.phase === 'recover'),
    ({ lane }) => lane?.name,
  );
  // A frontend whose recovery failed may have written what the old version cannot read.
  const isRecovered = (label: string) => recovery.get(label)?.every(isOver) === true;
  for (const move of movesOf(steps)) {
    if (move.kind !== 'FRONTEND' || isRecovered(move.label)) continue;
    const hasStarted = steps.some(
      (step) =>
        step.phase === 'do' &&
        step.kind === 'startForMove' &&
        step.lane?.name === move.label &&
        step.state !== 'pending' &&
        step.state !== 'skipped',
    );
    const { returnPath } = judgePath({ from: move.fromVersion, to: move.toVersion });
    if (!hasStarted || returnPath.verdict !== 'FORBIDDEN') continue;
    const why = returnPath.reasons.find((reason) => reason.verdict === 'FORBIDDEN')?.message ?? '';
    return `${move.label} has run ${move.toVersion}, and from there is no way back to ${move.fromVersion}. ${why}`;
  }
  return null;
}

function isOver({ state }: PlannedStep): boolean {
  return state === 'done' || state === 'already';
}

/** Every node whose binaries the run was to change, in the order of the plan. */
export function movesOf(steps: readonly PlannedStep[]): readonly NodeMove[] {
  return steps.flatMap((step) =>
    step.phase === 'do' && step.kind === 'swapBinaries' ? [nodeMove.parse(step.params)] : [],
  );
}

/**
 * Refuses, before anything is stopped, a node whose binaries cannot be read, or whose new binaries are in place with no
 * old ones to put back.
 */
function goneOf(move: NodeMove, found: BinariesState | null): Refusal[] {
  if (found === null) {
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: `Which binaries ${move.label} has could not be read in ${move.deployDir}`,
        hint: 'Look whether the directory is there and can be read, then undo the run again.',
      },
    ];
  }
  const isGone = found.state === 'new' && !found.parts.some((part) => part.name === 'lib' && part.kept);
  if (!isGone) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `The old binaries of ${move.label} are gone`,
      hint: 'The upgrade was finalized. downgradeCluster leads back, where the versions allow it.',
    },
  ];
}

/**
 * Refuses a living node that runs neither version of this run, and one that runs the old version although the binaries
 * that this run kept are still beside it: then a later run brought it there, and there is no room to put ours back.
 */
function refusalOf(move: NodeMove, row: ObservedNode | undefined, found: BinariesState | null): Refusal[] {
  if (row === undefined || !row.alive || row.version === null) return [];
  const isOurs = isSameRelease(row.version, move.toVersion) || isSameRelease(row.version, move.fromVersion);
  const isSwappedSince =
    found?.parts.some(({ kept }) => kept) === true && found.parts.every(({ live }) => live !== 'new');
  if (isOurs && !isSwappedSince) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message: `${move.label} runs ${row.version} by now, which is not of this run's making`,
      hint: 'Undo the later run first, or ask for a downgrade.',
    },
  ];
}

function orderOf(
  direction: 'UPGRADE' | 'DOWNGRADE',
  back: readonly { move: NodeMove; row: ObservedNode | undefined }[],
): StepSpec[] {
  const frontends = back.filter(({ move }) => move.kind === 'FRONTEND');
  const observers = frontends.filter(({ row }) => row?.role === 'OBSERVER');
  const electable = frontends.filter(({ row }) => row?.role !== 'OBSERVER');
  const workers = back.filter(({ move }) => move.kind !== 'FRONTEND').toReversed();
  const first = direction === 'UPGRADE' ? ('FRONTENDS' as const) : ('WORKERS' as const);
  const stage = (name: string, nodes: readonly { move: NodeMove }[]) =>
    nodes.flatMap(({ move }) =>
      laneOf(reversed(move), { stage: name, width: 1, mates: [] }, { swap: 'back', first, watch: null, soak: null }),
    );
  const frontendSteps = [
    ...stage('Back: observers', observers),
    ...stage('Back: followers, and the leader last', electable),
  ];
  const workerSteps = stage('Back: backends and compute nodes', workers);
  return first === 'FRONTENDS' ? [...frontendSteps, ...workerSteps] : [...workerSteps, ...frontendSteps];
}

/** Removes what was unpacked from every node, changed or not. */
function removeStagedSteps(steps: readonly PlannedStep[]): StepSpec[] {
  const lanes = steps.flatMap((step) => {
    if (step.phase !== 'do' || step.kind !== 'unpackRelease' || step.state === 'pending') return [];
    const { hostId, release, node } = stagedPlace.parse(step.params);
    return [
      removeStaged.with(
        { hostId, label: node.label, kind: node.kind, deployDir: node.deployDir, release },
        { stage: 'Back: clean up', name: node.label, width: 8 },
      ),
    ];
  });
  return lanes;
}
