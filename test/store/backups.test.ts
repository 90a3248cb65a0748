import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BackupContent } from '../../src/domain/backup/content.ts';
import type { EndedBackup, InventoryRecord, NewBackup } from '../../src/domain/inventory.ts';
import { newId } from '../../src/ids.ts';
import { newestBackupAt } from '../../src/store/backups/backups.ts';
import { makeCatalogue } from '../../src/store/backups/catalogue.ts';
import { endBackupsOf } from '../../src/store/backups/write-backups.ts';
import { type Database, inTransaction, openDatabase } from '../../src/store/database.ts';
import { writeRecords } from '../../src/store/records.ts';
import { createMigratedDatabase, type TestDatabase } from '../helpers/services.ts';

let database: TestDatabase;
let db: Database;
let clusterId: string;
let runId: string;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
});
beforeEach(() => {
  clusterId = newId('clu');
  runId = newId('run');
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const fresh = (changes: Partial<NewBackup> = {}): NewBackup => ({
  ...{ id: newId('bak'), database: 'sales', repository: 'repo', location: 's3://b/p', kind: 'FULL' },
  ...{ origin: '1234', policyId: null, tier: null, isSelection: false },
  ...changes,
});
const ended = (changes: Partial<EndedBackup> = {}): EndedBackup => ({
  ...{ state: 'AVAILABLE', problem: null, content: null, notHeld: ['temporary partition tp of t'] },
  ...{ backupTimestamp: '2026-11-27-09-38-34-376', snapshotAt: new Date(0), sizeBytes: 5_000_000_000, objectCount: 12 },
  ...{ tableCount: 1, partitionCount: 3 },
  ...changes,
});
const content: BackupContent = {
  held: { tables: [] },
  database: {
    tables: [
      {
        ...{ id: 1, name: 't', type: 'TABLE', schema: 'abc' },
        partitions: [{ name: 'p', id: 7, version: null, isTemporary: false }],
      },
    ],
  },
};

const catalogue = () => makeCatalogue(db);
const write = (...records: InventoryRecord[]) =>
  inTransaction(db, (tx) => writeRecords(tx, { runId, clusterId }, records));

async function begun(backup = fresh()): Promise<string> {
  await write({ record: 'backupBegun', backup });
  return backup.id;
}

const chosen = (backupId: string): InventoryRecord => ({
  record: 'backupChosen',
  backupId,
  chosen: { kind: 'FULL', baseId: null, snapshot: 'sales_1', content },
});

describe('the history of backups', () => {
  it('follows a backup from its wish to its end', async () => {
    const id = await begun();
    expect(await catalogue().find(id)).toMatchObject({ state: 'SCHEDULED', snapshot: null, clusterId, runId });
    await write(chosen(id));
    expect(await catalogue().find(id)).toMatchObject({ state: 'RUNNING', snapshot: 'sales_1' });
    await write({ record: 'backupEnded', backupId: id, ended: ended() });
    expect(await catalogue().find(id)).toMatchObject({ state: 'AVAILABLE', sizeBytes: 5_000_000_000, objectCount: 12 });
    expect(await catalogue().readContent(id)).toEqual(content);
  });

  it('says for which time of its schedule it was taken, unless a person asked before that time', async () => {
    const slot = new Date('2026-11-22T01:00:00Z');
    const firing = { schedule_id: newId('sch'), outcome: 'STARTED', run_id: runId, decided_at: new Date() };
    expect(await catalogue().find(await begun())).toMatchObject({ scheduledFor: null });
    const asked = { ...firing, slot_at: new Date('2026-11-22T00:07:00Z'), asked_by_name: 'Ann' };
    await db.insertInto('schedule_firing').values(asked).execute();
    expect(await catalogue().find(await begun())).toMatchObject({ scheduledFor: null });
    runId = newId('run'); // each time of a schedule has a run of its own
    await db
      .insertInto('schedule_firing')
      .values({ ...firing, run_id: runId, slot_at: slot })
      .execute();
    expect(await catalogue().find(await begun())).toMatchObject({ scheduledFor: slot });
  });

  it('is the same when a record is written again', async () => {
    const backup = fresh();
    await begun(backup);
    await write(chosen(backup.id), { record: 'backupEnded', backupId: backup.id, ended: ended() });
    await write({ record: 'backupBegun', backup }, chosen(backup.id));
    expect(await catalogue().find(backup.id)).toMatchObject({ state: 'AVAILABLE', snapshot: 'sales_1' });
    expect(await catalogue().list({ clusterId })).toHaveLength(1);
  });

  it('calls broken what an earlier try of the run has left, and finds the newest one of the run', async () => {
    const first = await begun();
    await write(chosen(first));
    const second = await begun();
    expect(await catalogue().find(first)).toMatchObject({ state: 'BROKEN' });
    expect(await catalogue().findOfRun(runId, 'sales')).toMatchObject({ id: second, state: 'SCHEDULED' });
    expect(await catalogue().findOfRun(runId, 'other')).toBeNull();
  });

  it('calls broken what a run has begun and not ended, and leaves what it has ended', async () => {
    const whole = await begun();
    await write(chosen(whole), { record: 'backupEnded', backupId: whole, ended: ended() });
    const left = await begun(fresh({ database: 'other' }));
    await endBackupsOf(db, runId);
    expect(await catalogue().find(whole)).toMatchObject({ state: 'AVAILABLE', problem: null });
    expect(await catalogue().find(left)).toMatchObject({ state: 'BROKEN', problem: expect.stringContaining('ended') });
  });

  it('says of a broken one what stopped it, and not what stopped another', async () => {
    const [left, other] = [await begun(), await begun(fresh({ database: 'other' }))];
    await endBackupsOf(db, runId, new Map([['other', 'the bucket is full']]));
    const general = 'Its run ended before the backup was complete';
    expect(await catalogue().find(left)).toMatchObject({ state: 'BROKEN', problem: general });
    expect(await catalogue().find(other)).toMatchObject({ problem: `${general}: the bucket is full` });
  });

  it('keeps every verification, and takes one that could not tell for no pass', async () => {
    const id = await begun();
    await write(chosen(id), { record: 'backupEnded', backupId: id, ended: ended() });
    const check = { record: 'backupChecked', backupId: id, objects: 3, bytes: 9 } as const;
    await write({ ...check, level: 'L1', passed: null, message: 'the store did not answer' });
    expect(await catalogue().find(id)).toMatchObject({ state: 'AVAILABLE', verifiedAt: null });
    expect(await newestBackupAt(db, clusterId)).toBeNull();
    await write({ ...check, level: 'L0', passed: true, message: 'listed' });
    expect(await newestBackupAt(db, clusterId)).not.toBeNull();
    await write({ ...check, level: 'L1', passed: false, message: 'an object is missing' });
    expect(await catalogue().find(id)).toMatchObject({ state: 'BROKEN', problem: 'an object is missing' });
    expect(await newestBackupAt(db, clusterId)).toBeNull();
  });

  it('does not list what is deleted, and takes nothing back from that', async () => {
    const id = await begun();
    await write(chosen(id), { record: 'backupEnded', backupId: id, ended: ended() });
    await write({ record: 'backupDeleting', backupId: id, because: 'older than 4 weeks' });
    expect(await catalogue().find(id)).toMatchObject({ state: 'DELETING', deletedBecause: 'older than 4 weeks' });
    await write({ record: 'backupDeleted', backupId: id, because: 'older than 4 weeks' });
    await write({ record: 'backupEnded', backupId: id, ended: ended() });
    expect(await catalogue().find(id)).toMatchObject({ state: 'DELETED', deletedAt: expect.any(Date) });
    expect(await catalogue().list({ clusterId })).toEqual([]);
  });

  it('does not begin to delete what was pinned, or based upon, after it was looked at', async () => {
    const id = await begun();
    await write(chosen(id), { record: 'backupEnded', backupId: id, ended: ended() });
    const deleting = { record: 'backupDeleting', backupId: id, because: 'older than 4 weeks' } as const;
    const pin = (until: Date | null) =>
      db
        .updateTable('backup')
        .set({ pinned_reason: 'audit', pinned_by_name: 'Ana', pinned_until: until })
        .where('id', '=', id)
        .execute();
    await pin(null);
    await expect(write(deleting)).rejects.toThrow(/stays after all: Ana has pinned it: audit/);
    await pin(new Date(Date.now() + 3_600_000));
    await expect(write(deleting)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await pin(new Date(Date.now() - 3_600_000));
    const based = await begun(fresh({ kind: 'INCREMENTAL' }));
    await db.updateTable('backup').set({ base_id: id }).where('id', '=', based).execute();
    await expect(write(deleting)).rejects.toThrow(`${based} is based on it`);
    expect(await catalogue().find(id)).toMatchObject({ state: 'AVAILABLE', deletedBecause: null });
    await db.updateTable('backup').set({ state: 'DELETED' }).where('id', '=', based).execute();
    await write(deleting);
    expect(await catalogue().find(id)).toMatchObject({ state: 'DELETING' });
  });

  it('changes no backup of another cluster', async () => {
    const id = await begun();
    const own = clusterId;
    clusterId = newId('clu');
    await write(chosen(id), { record: 'backupDeleting', backupId: id, because: 'not ours' });
    expect(await catalogue().find(id)).toMatchObject({ clusterId: own, state: 'SCHEDULED' });
  });

  it('goes to the cluster that is registered anew with the same id of its own, and only when the old one is gone', async () => {
    const origin = newId('clu');
    const left = await begun(fresh({ origin }));
    const other = await begun(fresh({ origin: null }));
    const old = clusterId;
    clusterId = newId('clu');
    await write({ record: 'backupsAdopted', origin });
    expect((await catalogue().list({ clusterId })).map(({ id }) => id)).toEqual([left]);
    expect(await catalogue().find(other)).toMatchObject({ clusterId: old });
  });
});
