import { describe, expect, it } from 'vitest';
import type { TableState } from '../../../src/domain/backup/content.ts';
import { isUnchanged, whyNotRestored, whyTouched } from '../../../src/domain/restore/comparison.ts';
import { checkRestore, chooseReplicas, type RestoreGround } from '../../../src/domain/restore/preflight.ts';
import { blocks } from '../../../src/domain/verdict.ts';
import { backup, day, friday } from '../backup/catalogued.ts';

const orders: TableState = {
  ...{ id: 1, name: 'orders', type: 'TABLE', schema: 's' },
  partitions: [{ name: 'p1', id: 11, version: 3, isTemporary: false }],
};
const view: TableState = { id: null, name: 'v', type: 'VIEW', schema: 'd', partitions: [] };
const passed = { level: 'L1', at: friday, runId: null, passed: true, message: '', objects: 3, bytes: 100 } as const;
const standing = {
  ...{ name: 'orders', replicas: 1, partitioning: 'RANGE', hasDynamicPartitions: false, group: null },
};
const selection = {
  ...{ full: [], incremental: [], tables: [orders], split: [], leftOut: [], holes: [], unknown: [] },
};
const fit: RestoreGround = {
  place: 'BESIDE',
  ...{
    database: 'sales',
    target: 'copy',
    backups: [backup('b1', day, { checks: [passed] })],
    selection,
    isPart: false,
  },
  ...{ grants: null, standing: null },
  ...{ replicas: 1, runMode: 'shared_nothing', databases: ['sales'], tables: [standing] },
  repositories: [{ name: 'nightly', location: 's3://backups', errorMessage: null }],
  backends: [{ alive: true, availableBytes: 1_000 }],
};
const found = (change: Partial<RestoreGround>) =>
  checkRestore({ ...fit, ...change })
    .filter(({ status }) => status === 'FAIL')
    .map((check) => `${check.name} ${blocks(check) ? 'BLOCK' : check.severity}`);

const both = (name: string) => ({ place: 'OWN_NAMES', database: name, target: name }) as const;

describe('what speaks against a restore', () => {
  it('is nothing where everything is fit', () => {
    expect(found({})).toEqual([]);
  });

  it.each<[string, Partial<RestoreGround>, string]>([
    ['data in object storage', { runMode: 'shared_data' }, 'run-mode BLOCK'],
    ['a database of the name', { target: 'sales' }, 'name-free BLOCK'],
    ['a database of StarRocks', { target: 'Information_Schema' }, 'name-free BLOCK'],
    ['the database mysql', { target: 'mysql' }, 'name-free BLOCK'],
    ['nothing to restore', { selection: { ...selection, tables: [] } }, 'held-by-the-backups BLOCK'],
    [
      'a hole',
      { selection: { ...selection, holes: [{ table: 'orders', partition: 'p2', why: 'lost' }] } },
      'held-by-the-backups BLOCK',
    ],
    ['a table that was not there', { selection: { ...selection, unknown: ['x'] } }, 'held-by-the-backups BLOCK'],
    ['no repository', { repositories: [] }, 'repository BLOCK'],
    [
      'a repository elsewhere',
      { repositories: [{ name: 'nightly', location: 's3://other', errorMessage: null }] },
      'repository BLOCK',
    ],
    [
      'a repository that is not well',
      { repositories: [{ name: 'nightly', location: 's3://backups', errorMessage: 'gone' }] },
      'repository WARN',
    ],
    ['objects that nobody looked at', { backups: [backup('b1', day)] }, 'objects-verified WARN'],
    ['more replicas than living backends', { replicas: 2 }, 'replicas BLOCK'],
    ['no living backend', { backends: [{ alive: false, availableBytes: 1_000 }] }, 'replicas BLOCK'],
    ['no room', { backends: [{ alive: true, availableBytes: 99 }] }, 'space BLOCK'],
    ['perhaps no room for a part', { isPart: true, backends: [{ alive: true, availableBytes: 99 }] }, 'space WARN'],
    [
      'partitions by list of two backups',
      { selection: { ...selection, split: ['orders'] }, tables: [{ ...standing, partitioning: 'LIST' }] },
      'list-partitions BLOCK',
    ],
    ['dynamic partitions', { tables: [{ ...standing, hasDynamicPartitions: true }] }, 'dynamic-partitions INFO'],
    ['a colocation group', { tables: [{ ...standing, group: 'g' }] }, 'colocation INFO'],
    ['a view', { selection: { ...selection, tables: [orders, view] } }, 'views WARN'],
    ['a materialized view', { selection: { ...selection, leftOut: ['mv'] } }, 'views WARN'],
  ])('is %s', (_what, change, wanted) => {
    expect(found(change)).toContain(wanted);
  });

  it.each<[string, Partial<RestoreGround>, string[]]>([
    ['nothing, where the names are free', { standing: ['users'] }, []],
    ['a table of the name', { standing: ['users', 'orders'] }, ['name-free BLOCK']],
    ['not to know what stands there', { standing: null }, ['name-free BLOCK']],
    ['no database', { databases: ['other'], standing: null }, ['name-free BLOCK']],
    ['a database of StarRocks', { ...both('sys'), databases: ['sys'], standing: [] }, ['name-free BLOCK']],
    ['the database mysql', { ...both('mysql'), databases: ['mysql'], standing: [] }, ['name-free BLOCK']],
  ])('under the own names is %s', (_what, change, wanted) => {
    expect(found({ ...both('sales'), ...change })).toEqual(wanted);
  });

  it('is left open where nobody knows, and passes nothing then', () => {
    const change = { runMode: null, tables: null, backups: [backup('b1', day, { sizeBytes: null, checks: [passed] })] };
    const checks = checkRestore({ ...fit, ...change, selection: { ...selection, split: ['orders'] } });
    expect(checks.filter(({ status }) => status === 'SKIPPED').map(({ name }) => name)).toEqual([
      ...['run-mode', 'version', 'rights', 'space', 'list-partitions'],
    ]);
  });
});

describe('the number of replicas', () => {
  it.each([
    ['what was asked for', 2, 1, 3, 2],
    ['what the tables have', undefined, 2, 3, 2],
    ['no more than living backends', undefined, 3, 1, 1],
    ['three where nobody knows', undefined, null, 5, 3],
    ['one where no backend lives, which a check refuses', undefined, 3, 0, 1],
  ])('is %s', (_what, asked, replicas, living, wanted) => {
    const given = { tables: [{ ...standing, replicas }], restored: ['orders'], living };
    expect(chooseReplicas(asked, given)).toBe(wanted);
  });
});

describe('a table that was restored', () => {
  const p1 = { name: 'p1', id: 91, version: 3, isTemporary: false };
  it.each<[string, TableState | undefined, string | null]>([
    ['is as the backup has it, under other ids', { ...orders, id: 9, partitions: [p1] }, null],
    ['is not there', undefined, 'it is not there'],
    ['is something else', { ...view, name: 'orders' }, 'it is VIEW, and was TABLE'],
    ['lost a partition', { ...orders, partitions: [] }, 'without partition p1'],
    [
      'has a partition more',
      { ...orders, partitions: [p1, { ...p1, name: 'p2' }] },
      'with partition p2, which the backups do not have',
    ],
    ['has another version', { ...orders, partitions: [{ ...p1, version: 4 }] }, 'another version of partition p1'],
    [
      'has a physical partition more',
      { ...orders, partitions: [p1, { ...p1, id: 92 }] },
      'another version of partition p1',
    ],
  ])('%s', (_what, copy, wanted) => {
    expect(whyNotRestored(orders, copy)).toBe(wanted);
  });

  it('is compared only with an original that is exactly the one that was backed up', () => {
    const changes: (TableState | undefined)[] = [
      undefined,
      { ...orders, id: 2 },
      { ...orders, id: null },
      { ...orders, schema: 'other' },
      { ...orders, partitions: [] },
      { ...orders, partitions: [{ name: 'p1', id: 12, version: 3, isTemporary: false }] },
      { ...orders, partitions: [{ name: 'p1', id: 11, version: 4, isTemporary: false }] },
      { ...orders, partitions: [...orders.partitions, { name: 'p2', id: 12, version: 1, isTemporary: false }] },
    ];
    expect(changes.map((change) => isUnchanged(orders, change))).toEqual(changes.map(() => false));
    expect(isUnchanged(orders, orders)).toBe(true);
  });
});

describe('a table that came back under its own name', () => {
  const p1 = { name: 'p1', id: 91, version: 3, isTemporary: false };
  it.each<[string, TableState['partitions'], string | null]>([
    ['is as the backup has it', [p1], null],
    ['lacks what the next backup brings', [], null],
    ['was written to', [{ ...p1, version: 4 }], 'the partition p1 was written since'],
    ['has a partition more', [p1, { ...p1, name: 'p2' }], 'the partition p2 was made since'],
    ['does not say its version', [{ ...p1, version: null }], 'whether p1 was written since is not known'],
    ['has an older version, which nobody can have written', [{ ...p1, version: 2 }], null],
  ])('%s', (_what, partitions, wanted) => {
    expect(whyTouched(orders, { ...orders, id: 9, partitions })).toBe(wanted);
  });
});
