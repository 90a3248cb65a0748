import { describe, expect, it } from 'vitest';
import { type NamedBackup, seeSnapshots } from '../../../src/domain/backup/seen-snapshot.ts';
import type { SnapshotRow } from '../../../src/domain/topology.ts';

const time = '2026-11-20-03-00-00-000';
const place = { origin: '1700000001', location: 's3://backups' };
const ours: NamedBackup = {
  ...{ id: 'bak_1', snapshot: 'sales_1', state: 'AVAILABLE', origin: place.origin },
  ...{ location: 's3a://backups/', backupTimestamp: time },
};
const row = (snapshot: string, changes: Partial<SnapshotRow> = {}): SnapshotRow => ({
  ...{ snapshot, timestamps: [time], database: null, status: 'OK' },
  ...changes,
});
const see = (one: SnapshotRow, backups: readonly NamedBackup[] = [ours], where = {}) => {
  const [seen] = seeSnapshots([one], { ...place, ...where, backups });
  if (seen === undefined) throw new Error('nothing is seen');
  return seen;
};

describe('whose a snapshot is', () => {
  it('is told by the name, the id of the cluster, the place and the time together', () => {
    expect(see(row('sales_1'))).toMatchObject({ owner: 'OURS', backupId: 'bak_1', isComplete: true, notes: [] });
    expect(see(row('sales_2'))).toMatchObject({ owner: 'FOREIGN', backupId: null });
    expect(see(row('Sales_1'))).toMatchObject({ owner: 'FOREIGN' });
  });

  it.each<[string, Partial<NamedBackup>, object, Partial<SnapshotRow>]>([
    ['the cluster does not tell its id', {}, { origin: null }, {}],
    ['it is not known where the backup was taken', { origin: null }, {}, {}],
    ['the backup was taken from another cluster', { origin: '9' }, {}, {}],
    ['the repository is at another place by now', { location: 's3://other' }, {}, {}],
    ['its time is another one', {}, {}, { timestamps: ['2026-11-21-03-00-00-000'] }],
  ])('is not certain when %s', (_, backup, where, listed) => {
    const seen = see(row('sales_1', listed), [{ ...ours, ...backup }], where);
    expect(seen).toMatchObject({ owner: 'UNKNOWN', backupId: 'bak_1' });
    expect(seen.notes[0]).toMatch(/^A backup of ours has this name, but /);
  });

  it('is that of the newest backup of the name that was not deleted', () => {
    const again = { ...ours, id: 'bak_2' };
    expect(see(row('sales_1'), [ours, again]).backupId).toBe('bak_2');
    expect(see(row('sales_1'), [ours, { ...again, state: 'DELETED' }]).backupId).toBe('bak_1');
    const left = see(row('sales_1'), [{ ...ours, state: 'DELETED' }]);
    expect(left.notes).toEqual(['Starwarden deleted that backup, and something of this name is there all the same']);
  });
});

describe('what anybody may have put into a bucket', () => {
  // As the recorded frontend listed them: `a/b` comes back as `a`, and `a*` with the times of everything that fits.
  it.each(['../up', 'a/b', "o'b", 'a b', 'ä', '`; DROP', '', '\u202egnp', 'x'.repeat(300)])(
    'as %j is shown as it is, said to be unchecked, and not ours',
    (name) => {
      expect(see(row(name))).toMatchObject({ name, owner: 'FOREIGN' });
      expect(see(row(name)).notes.join()).toContain('StarRocks did not check this name');
    },
  );

  it('with a * in its name has times that may be those of others', () => {
    const seen = see(row('a*', { timestamps: [time, '2026-11-21-03-00-00-000'] }));
    expect(seen.notes.join(' | ')).toContain('There are 2 times under this name');
    expect(seen.notes.join(' | ')).toContain('the times may be those of other snapshots');
  });

  it('as the rest of a backup that broke off is no complete snapshot', () => {
    const seen = see(row('a', { timestamps: [], status: 'ERROR: no snapshot' }));
    expect(seen).toMatchObject({ isComplete: false, owner: 'FOREIGN' });
    expect(seen.notes[0]).toContain('the name is taken');
  });

  it.each(['Failed to get info: timeout', 'Invalid: __info_2026.part'])('with the status %s is not known', (status) => {
    const seen = see(row('sales_1', { status, timestamps: ['Invalid: __info_2026.part'] }));
    expect(seen).toMatchObject({ isComplete: false, timestamps: [], owner: 'OURS' });
    expect(seen.notes[0]).toContain('could not read it');
  });

  it('ten thousand times is sorted and told apart at once', () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => row(`s${9_999 - at}`));
    const backups = rows.slice(0, 5_000).map(({ snapshot }) => ({ ...ours, snapshot }));
    const from = performance.now();
    const seen = seeSnapshots(rows, { ...place, backups });
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(seen.filter(({ owner }) => owner === 'OURS')).toHaveLength(5_000);
    expect(seen[0]?.name).toBe('s0');
  });
});
