import type { VerificationLevel } from '../../../domain/backup/backup.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { verifyListed } from '../verify/verify-listed.ts';
import { readGibByPolicy, verifyObjects } from '../verify/verify-objects.ts';
import { awaitTurn } from './await-turn.ts';
import { beginBackup } from './begin-backup.ts';
import { chooseObjects } from './choose-objects.ts';
import type { TakeParams } from './params.ts';
import { recordContent } from './record-content.ts';
import { takeBackup } from './take-backup.ts';

/** The kinds of the steps that take one backup and verify it. */
export const takeKinds = [
  ...[beginBackup, awaitTurn, chooseObjects, takeBackup, recordContent],
  ...[verifyListed, verifyObjects],
] as const;

/** Databases that are backed up side by side. They have nothing to do with each other: one that fails stops no other. */
export function lanesOf(
  backups: readonly TakeParams[],
  { width, verify }: { width: number; verify: VerificationLevel },
): readonly StepSpec[] {
  return backups.flatMap((given) => {
    const { database, repository } = given;
    const lane = { stage: 'Databases', name: database, width, independent: true } as const;
    const verified = { database, repository, backupId: null };
    return [
      beginBackup.with(given, lane),
      awaitTurn.with({ database }, lane),
      chooseObjects.with(given, lane),
      takeBackup.with(given, lane),
      recordContent.with({ database, repository }, lane),
      verifyListed.with(verified, lane),
      ...(verify === 'L1' ? [verifyObjects.with({ ...verified, readGib: readGibByPolicy }, lane)] : []),
    ];
  });
}
