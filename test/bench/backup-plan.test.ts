import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { isChanged, versions, writeLargeDatabase } from '../../bench/backup-plan/large-database.ts';
import { partitionsText } from '../../bench/backup-plan/plan-shape.ts';
import { openJournal } from '../../sandbox/starrocks/frontend/meta/journal.ts';
import { createStateStore } from '../../sandbox/starrocks/frontend/meta/state.ts';

const dir = mkdtempSync(join(tmpdir(), 'large-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('writes a database into the image of a frontend, with the partitions that changed since the full backup', () => {
  const fullBackupAt = new Date('2027-01-03T01:00:00Z');
  writeLargeDatabase(dir, { database: 'w', tables: 3, partitionsPerTable: 4, changedPerTable: 1, fullBackupAt });
  const { state, load } = createStateStore();
  load(openJournal(dir).image?.state ?? {});
  expect([...state.databases.values()].map(({ name }) => name)).toEqual(['w']);
  expect([...state.tables.values()].map(({ name }) => name)).toEqual(['t0000', 't0001', 't0002']);
  const partitions = [...state.partitions.values()];
  expect(partitions.length).toBe(12);
  expect(new Set(partitions.map(({ id }) => id)).size).toBe(12);
  const later = partitions.filter(({ visibleAt }) => visibleAt > fullBackupAt.getTime());
  expect(later.map(({ name, visibleVersion }) => [name, visibleVersion])).toEqual(
    Array.from({ length: 3 }, () => ['p003', versions.after]),
  );
  const changed = partitions.filter(({ visibleVersion }) => isChanged({ version: visibleVersion }));
  expect(changed).toEqual(later);
});

it('compares two plans whatever their order', () => {
  const [a, b] = [
    { table: 't', partition: 'p1' },
    { table: 't', partition: 'p2' },
  ];
  expect(partitionsText({ partitions: [a, b] })).toBe(partitionsText({ partitions: [b, a] }));
  expect(partitionsText({ partitions: [a] })).not.toBe(partitionsText({ partitions: [b] }));
});
