import { describe, expect, it } from 'vitest';
import { refuseBackupByRunMode } from '../../../src/domain/backup/run-mode.ts';

describe('a backup of a shared-data cluster', () => {
  it('is refused with the reason, and with what to use instead', () => {
    expect(refuseBackupByRunMode('shared_data')).toEqual([
      {
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('keeps its data in object storage'),
        hint: expect.stringContaining('setClusterSnapshots'),
      },
    ]);
  });

  it.each(['shared_nothing', null])('is not refused for run mode %s', (runMode) => {
    expect(refuseBackupByRunMode(runMode)).toEqual([]);
  });
});
