import type { StepSpec } from '../../../domain/plan.ts';
import type { Selection } from '../../../domain/restore/selection.ts';
import { awaitTurn } from '../../backup/take/await-turn.ts';
import type { RestoreParams } from '../params.ts';
import { checkGround } from '../steps/check-restore.ts';
import { keepPartitions } from '../steps/keep-partitions.ts';
import { verifyRestored } from '../steps/verify-restored.ts';
import { bringBackTables } from './steps/bring-back-tables.ts';
import { noteFreeNames } from './steps/note-free-names.ts';

export const droppedKinds = [
  ...[checkGround, awaitTurn, noteFreeNames, bringBackTables],
  ...[keepPartitions, verifyRestored],
] as const;

/** One lane: StarRocks runs one restore of a database at a time. */
export function droppedLane(params: RestoreParams, selection: Selection): readonly StepSpec[] {
  const lane = { stage: 'Restores', name: params.target, width: 1 } as const;
  const parts = (['full', 'incremental'] as const).filter((side) => selection[side].length > 0);
  return [
    checkGround.with(params, lane),
    awaitTurn.with({ database: params.target }, lane),
    noteFreeNames.with(params, lane),
    ...parts.flatMap((side) => [bringBackTables.with({ ...params, side }, lane), keepPartitions.with(params, lane)]),
    verifyRestored.with(params, lane),
  ];
}
