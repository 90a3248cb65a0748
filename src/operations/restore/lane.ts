import type { StepSpec } from '../../domain/plan.ts';
import type { Selection } from '../../domain/restore/selection.ts';
import type { RestoreParams } from './params.ts';
import { checkGround } from './steps/check-restore.ts';
import { keepPartitions } from './steps/keep-partitions.ts';
import { makeTarget } from './steps/make-target.ts';
import { removeCopy } from './steps/remove-copy.ts';
import { restoreSnapshot } from './steps/restore-snapshot.ts';
import { verifyRestored } from './steps/verify-restored.ts';

/** The kinds of the steps of a restore beside what stands, and of its way back. */
export const besideKinds = [
  ...[checkGround, makeTarget, restoreSnapshot, keepPartitions],
  ...[verifyRestored, removeCopy],
] as const;

/**
 * One lane, so that what it made is removed when it fails. After each RESTORE the copy is kept from dropping its own
 * partitions; a backup that brings nothing is not asked.
 */
export function besideLane(params: RestoreParams, selection: Selection): readonly StepSpec[] {
  const lane = { stage: 'Restores', name: params.target, width: 1 } as const;
  const parts = (['full', 'incremental'] as const).filter((side) => selection[side].length > 0);
  return [
    checkGround.with(params, lane),
    makeTarget.with(params, lane),
    ...parts.flatMap((side) => [restoreSnapshot.with({ ...params, side }, lane), keepPartitions.with(params, lane)]),
    verifyRestored.with(params, lane),
  ];
}
