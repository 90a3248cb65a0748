import { describe, expect, it } from 'vitest';
import type { DatabaseState, ObjectType, TableState } from '../../../src/domain/backup/content.ts';
import { isTakenUnasked, materializedNotHeld, neverHeld, notHeldOf } from '../../../src/domain/backup/not-held.ts';

const object = (name: string, type: ObjectType, isTemporary = false): TableState => ({
  ...{ id: 1, name, type, schema: null },
  partitions: type === 'VIEW' ? [] : [{ name: 'p', id: 2, version: 2, isTemporary }],
});
const orders = object('orders', 'TABLE');
const view = object('v', 'VIEW');
const mv = object('mv', 'MATERIALIZED_VIEW');
const seen = { state: { tables: [orders, view, mv] }, foreign: [] };
const held = (...tables: readonly TableState[]): DatabaseState => ({ tables });

describe('what a backup of a database does not hold', () => {
  it.each<[boolean | null, readonly string[]]>([
    [true, []],
    [false, ['Materialized views, because enable_backup_materialized_view is false: mv']],
    [null, ['Materialized views, perhaps, since enable_backup_materialized_view could not be read: mv']],
  ])('is materialized views where the setting is %s, before it is taken', (takesMaterialized, sentences) => {
    expect(notHeldOf(seen, null, { takesMaterialized })).toEqual(sentences);
    const general = materializedNotHeld({ takesMaterialized });
    expect(general).toEqual(sentences.map((sentence) => sentence.replace(/: mv$/, '')));
  });

  it('is every materialized view that a BACKUP with names does not name, whatever the setting is', () => {
    for (const takesMaterialized of [true, false, null])
      expect(notHeldOf(seen, null, { takesMaterialized, isNamed: true })).toEqual([
        'Materialized views that BACKUP does not name: mv',
      ]);
  });

  it('is afterwards what the snapshot says, whatever the setting is', () => {
    for (const takesMaterialized of [true, false, null]) {
      expect(notHeldOf(seen, held(orders, view, mv), { takesMaterialized })).toEqual([]);
      expect(notHeldOf(seen, held(orders), { takesMaterialized })).toEqual(['Materialized views: mv', 'Views: v']);
    }
  });

  it('is functions only before 3.4, or where BACKUP names what it takes', () => {
    const functions = (version: string | null, isNamed: boolean) =>
      neverHeld({ version, catalogs: [], takesMaterialized: false, isNamed }).filter((each) => /^Functions/.test(each));
    expect(functions('3.5.0', false)).toEqual([]);
    expect(functions('3.5.0', true)).toEqual(['Functions: only a full backup of a whole database takes them']);
    expect(functions('3.3.9', false)).toEqual(['Functions: BACKUP takes them from 3.4 on']);
    expect(functions(null, false)).toHaveLength(1);
  });
});

describe('a snapshot of everything', () => {
  const taken = (around: Parameters<typeof isTakenUnasked>[1], ...more: readonly TableState[]) =>
    [orders, view, mv, ...more].filter((each) => isTakenUnasked(each, around)).map(({ name }) => name);

  it('must have tables, views from 3.4 on, and materialized views where the setting is known to be on', () => {
    expect(taken({ version: '3.5.0', takesMaterialized: true })).toEqual(['orders', 'v', 'mv']);
    expect(taken({ version: '3.5.0', takesMaterialized: false })).toEqual(['orders', 'v']);
    expect(taken({ version: '3.2.4', takesMaterialized: true })).toEqual(['orders', 'mv']);
    expect(taken({ version: null, takesMaterialized: null })).toEqual(['orders']);
  });

  it('need not have what BACKUP refuses', () => {
    const around = { version: '3.5.0', takesMaterialized: true };
    expect(taken(around, object('rebuilt', 'TABLE', true), object('refreshed', 'MATERIALIZED_VIEW', true))).toEqual([
      'orders',
      'v',
      'mv',
    ]);
  });
});
