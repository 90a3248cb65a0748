import { describe, expect, it } from 'vitest';
import type { Verification } from '../../../src/domain/backup/backup.ts';
import type { BackupPolicyContent } from '../../../src/domain/backup/policy.ts';
import { findRecoveryPoints } from '../../../src/domain/backup/recovery-point.ts';
import { templateOf } from '../../../src/domain/backup/template.ts';
import type { CataloguedBackup } from '../../../src/domain/backup/usable.ts';
import { backup, day, friday, hour } from './catalogued.ts';

const passed: Verification = { level: 'L1', at: friday, runId: null, passed: true, message: '', objects: 3, bytes: 9 };
const verified = { checks: [passed] };
const policy = (content: Partial<BackupPolicyContent>) => ({
  name: 'nightly',
  content: { ...templateOf({ repository: 'nightly', databases: ['sales'] }), promiseHours: 24, ...content },
});

function pointOf(backups: readonly CataloguedBackup[], { databases = ['sales'], policies = [policy({})] } = {}) {
  const [point] = findRecoveryPoints({ databases, backups, policies, now: friday });
  return point;
}

describe('a recovery point', () => {
  it('is the newest verified backup, with its age against the promise', () => {
    const point = pointOf([backup('a', 30 * hour, verified), backup('b', 20 * hour, verified)]);
    expect(point).toMatchObject({
      database: 'sales',
      backup: { id: 'b' },
      ageMs: 20 * hour,
      promiseMs: day,
      isKept: true,
    });
    expect(point?.notCovered).toEqual([]);
    expect(pointOf([backup('a', 30 * hour, verified)])?.isKept).toBe(false);
  });

  it('is no backup that was not verified, failed, or is partial, and says which ones are newer', () => {
    const unsure = { ...passed, passed: null };
    const point = pointOf([
      backup('a', 20 * hour, verified),
      backup('b', 19 * hour),
      backup('c', 18 * hour, { checks: [unsure] }),
      backup('d', 17 * hour, { state: 'PARTIAL', ...verified }),
      backup('e', 16 * hour, { state: 'BROKEN' }),
    ]);
    expect(point?.backup?.id).toBe('a');
    expect(point?.notCovered).toEqual([
      '2 newer backups, the last of 2026-11-26 18:00 UTC: cannot be counted on: not verified, failed, or without a usable base.',
      '1 newer backup, the last of 2026-11-26 19:00 UTC: partial.',
      '1 newer backup, the last of 2026-11-26 20:00 UTC: broken.',
    ]);
  });

  it('needs both links of a chain verified', () => {
    const link = backup('i', hour, { kind: 'INCREMENTAL', baseId: 'f', ...verified });
    expect(pointOf([backup('f', day), link])?.backup).toBeNull();
    expect(pointOf([backup('f', day, verified), link])?.backup?.id).toBe('i');
    expect(pointOf([link])?.backup).toBeNull();
  });

  it('is the moment at which nothing had changed since a verified base', () => {
    const nothing = backup('i', hour, { kind: 'INCREMENTAL', baseId: 'f', snapshot: null });
    expect(pointOf([backup('f', day, verified), nothing])?.backup?.id).toBe('i');
    expect(pointOf([backup('f', day), nothing])?.backup).toBeNull();
  });

  it('is not a backup of only some tables', () => {
    const some = backup('some', hour, { policyId: null, isSelection: true, ...verified });
    expect(pointOf([backup('f', day, verified), some])?.backup?.id).toBe('f');
    expect(pointOf([some])).toMatchObject({ backup: null, at: null });
  });

  it('names what it does not hold, and what no policy covers', () => {
    const held = backup('a', hour, { ...verified, notHeld: ['The view v is not in it.'] });
    expect(pointOf([held], { policies: [] })).toMatchObject({
      promiseMs: null,
      isKept: null,
      notCovered: ['No backup policy covers it.', 'The view v is not in it.'],
    });
  });

  it('speaks of every database that stands, is named or has a backup', () => {
    const all = findRecoveryPoints({
      databases: ['orders'],
      backups: [backup('a', hour, { database: 'gone', ...verified })],
      policies: [policy({ databases: ['sales', '*'] })],
      now: friday,
    });
    expect(all.map(({ database }) => database)).toEqual(['gone', 'orders', 'sales']);
    expect(all[0]?.notCovered).toEqual(['It is not on the cluster now.']);
    expect(all[2]).toMatchObject({ backup: null, at: null, isKept: false });
  });

  it('says when the databases are not known', () => {
    const [point] = findRecoveryPoints({ databases: null, backups: [], policies: [policy({})], now: friday });
    expect(point?.notCovered).toEqual(['The databases of the cluster could not be read.']);
  });
});
