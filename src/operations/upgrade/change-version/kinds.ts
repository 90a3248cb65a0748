import { proveArchive } from '../../../steps/release/prove-archive.ts';
import { dropArchive, fetchArchive, removeStaged, unpackRelease } from '../../../steps/release/stage.ts';
import type { PlannedStep } from '../../define.ts';
import { awaitVersion } from '../../node/steps/await-back.ts';
import { awaitTablets } from '../../node/steps/await-tablets.ts';
import { guardNode } from '../../node/steps/guard-node.ts';
import { holdForPerson } from '../../node/steps/hold.ts';
import { noteProcess } from '../../node/steps/note-process.ts';
import { compareQueries, measureBaseline, sampleQueries, soak } from '../../node/steps/queries.ts';
import { keepSchedulingPaused, pauseTabletScheduling, restoreTabletScheduling } from '../../node/steps/scheduling.ts';
import { closeThisUpgrade, recordUpgrade } from '../steps/history.ts';
import { createMetadataImage, noteJournal } from '../steps/image.ts';
import { nodeMove } from '../steps/place.ts';
import { startForMove, stopForMove } from '../steps/power.ts';
import { swapBack, swapBinaries } from '../steps/swap.ts';

/** Every kind of step that an upgrade, a downgrade and their ways back are made of. */
export const changeVersionKinds = [
  recordUpgrade,
  closeThisUpgrade,
  sampleQueries,
  proveArchive,
  fetchArchive,
  unpackRelease,
  dropArchive,
  removeStaged,
  noteJournal,
  createMetadataImage,
  measureBaseline,
  pauseTabletScheduling,
  keepSchedulingPaused,
  restoreTabletScheduling,
  guardNode,
  noteProcess,
  stopForMove,
  swapBinaries,
  swapBack,
  startForMove,
  awaitVersion,
  awaitTablets,
  compareQueries,
  soak,
  holdForPerson,
];

/** Only a backend or compute node may stay behind; the guards of the other nodes find out whether these can do without it. */
export function whyNotWithout(lane: readonly PlannedStep[]): string | null {
  const move = lane.flatMap((step) => (step.kind === 'swapBinaries' ? [nodeMove.parse(step.params)] : []))[0];
  if (move === undefined) return 'it is not a node';
  return move.kind === 'FRONTEND' ? `${move.label} is a frontend, and frontends of two versions must not stay` : null;
}
