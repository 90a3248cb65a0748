import { expect, it } from 'vitest';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import { planVerifyBackup } from '../../../src/operations/backup/verify-backup/plan.ts';
import { checkVerified } from '../../../src/operations/backup/verify-backup/post-check.ts';
import { backup } from '../../domain/backup/catalogued.ts';

const input = { backupId: 'bak_1', level: 'L1', readGib: 1 } as const;

function plan(
  changes: Partial<Backup> = {},
  { level = 'L1', why = null }: { level?: 'L0' | 'L1'; why?: string | null } = {},
) {
  return planVerifyBackup({ ...input, level }, { backup: backup('bak_1', 0, changes), whyNoObjects: why });
}

const kindsOf = (made: ReturnType<typeof plan>) =>
  'steps' in made ? made.steps.map(({ kind }) => kind) : made.refusals;

it('asks StarRocks, and looks at the objects where that is wanted', () => {
  expect(kindsOf(plan())).toEqual(['verifyListed', 'verifyObjects']);
  expect(kindsOf(plan({}, { level: 'L0' }))).toEqual(['verifyListed']);
  expect(kindsOf(plan({ state: 'BROKEN' }))).toEqual(['verifyListed', 'verifyObjects']);
});

it.each([
  ['is not there', null, null, 'NOT_FOUND'],
  ['is still being made', { state: 'RUNNING' }, null, 'PRECONDITION_FAILED'],
  ['is deleted', { state: 'DELETED' }, null, 'PRECONDITION_FAILED'],
  ['has no snapshot', { snapshot: null, kind: 'INCREMENTAL', baseId: 'bak_0' }, null, 'PRECONDITION_FAILED'],
  ['lies where Starwarden cannot look', {}, 'no key', 'PRECONDITION_FAILED'],
] as const)('refuses a backup that %s', (_what, changes, whyNoObjects, code) => {
  const facts = { backup: changes === null ? null : backup('bak_1', 0, changes), whyNoObjects };
  expect(planVerifyBackup(input, facts)).toMatchObject({ refusals: [{ code, hint: expect.any(String) }] });
});

it('verifies in StarRocks alone where Starwarden cannot look at the objects', () => {
  expect(kindsOf(plan({}, { level: 'L0', why: 'no key' }))).toEqual(['verifyListed']);
});

it.each([
  [true, true, true],
  [true, null, false],
  [null, true, false],
  [true, false, false],
])('succeeds only when every level passed: L0 %s, L1 %s', async (l0, l1, passed) => {
  const check = { at: new Date(0), runId: 'run_1', message: 'as it was', objects: null, bytes: null };
  const listChecks = async () => [
    { ...check, level: 'L0', passed: l0 } as const,
    { ...check, level: 'L1', passed: l1 } as const,
    { ...check, level: 'L1', passed: true, runId: 'run_2' } as const,
  ];
  const found = await checkVerified({ id: 'bak_1', level: 'L1', runId: 'run_1' }, { listChecks });
  expect(found.passed).toBe(passed);
});
