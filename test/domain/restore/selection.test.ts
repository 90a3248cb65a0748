import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cannotBeTaken, changesSince, contentOf } from '../../../src/domain/backup/changes.ts';
import type {
  BackupContent,
  BackupObject,
  DatabaseState,
  PartitionState,
  TableState,
} from '../../../src/domain/backup/content.ts';
import { selectObjects } from '../../../src/domain/restore/selection.ts';

const part = (name: string, id: number, version: number | null = 1, isTemporary = false): PartitionState => ({
  ...{ name, id, version, isTemporary },
});
const table = (name: string, id: number, partitions: readonly PartitionState[], schema: string | null = 's') =>
  ({ name, id, type: 'TABLE', schema, partitions }) satisfies TableState;
const view = (name: string, schema: string | null): TableState => ({
  ...{ name, id: null, type: 'VIEW', schema, partitions: [] },
});
const of = (...tables: TableState[]): DatabaseState => ({ tables });
const whole = (...tables: TableState[]): BackupContent => ({ held: of(...tables), database: of(...tables) });
const later = (held: TableState[], ...database: TableState[]): BackupContent => ({
  held: of(...held),
  database: of(...database),
});
const words = (objects: readonly BackupObject[]) =>
  objects.map(({ name, partitions }) => `${name} ${partitions?.join(',') ?? 'all'}`);

const orders = table('orders', 1, [part('p1', 11), part('p2', 12)]);
const grown = table('orders', 1, [part('p1', 11), part('p2', 12, 5), part('p3', 13)]);
const changed = table('orders', 1, [part('p2', 12, 5), part('p3', 13)]);

describe('what is restored of each backup', () => {
  it.each<[string, BackupContent, BackupContent | null, string[], string[]]>([
    ['everything of a full backup by itself', whole(orders), null, ['orders all'], []],
    ['the full one where nothing had changed', whole(orders), later([], orders), ['orders all'], []],
    [
      'each partition from where it is as it was',
      whole(orders),
      later([changed], grown),
      ['orders p1'],
      ['orders p2,p3'],
    ],
    [
      'nothing of a table that was dropped since',
      whole(orders, table('old', 2, [])),
      later([], orders),
      ['orders all'],
      [],
    ],
    ['a table that was made since', whole(), later([orders], orders), [], ['orders all']],
    [
      'nothing of a partition that was dropped since',
      whole(orders),
      later([], table('orders', 1, [part('p1', 11)])),
      ['orders p1'],
      [],
    ],
    [
      'a view from where it has its definition',
      whole(view('a', '1'), view('b', '1')),
      later([view('b', '2')], view('a', '1'), view('b', '2')),
      ['a all'],
      ['b all'],
    ],
    [
      'a table without partitions',
      whole(orders),
      later([table('orders', 1, [])], table('orders', 1, [])),
      [],
      ['orders all'],
    ],
  ])('is %s', (_what, full, incremental, older, newer) => {
    const selection = selectObjects({ full, incremental, tables: null });
    expect([words(selection.full), words(selection.incremental), selection.holes]).toEqual([older, newer, []]);
  });

  it('is only what was asked for, and says what did not stand there', () => {
    const selection = selectObjects({
      ...{ full: whole(orders, table('users', 2, [part('users', 21)])), incremental: null },
      tables: ['users', 'nowhere'],
    });
    expect(words(selection.full)).toEqual(['users all']);
    expect(selection.unknown).toEqual(['nowhere']);
  });

  it('leaves materialized views out, and says which', () => {
    const sums: TableState = { ...orders, name: 'sums', type: 'MATERIALIZED_VIEW' };
    expect(selectObjects({ full: whole(orders, sums), incremental: null, tables: null })).toMatchObject({
      full: [{ name: 'orders' }],
      leftOut: ['sums'],
    });
  });

  it.each<[string, BackupContent, BackupContent]>([
    ['a version that neither holds', whole(orders), later([], table('orders', 1, [part('p1', 11, 2), part('p2', 12)]))],
    [
      'a version that nobody knows',
      whole(orders),
      later([], table('orders', 1, [part('p1', 11, null), part('p2', 12)])),
    ],
    ['a partition of another id', whole(orders), later([], table('orders', 1, [part('p1', 19), part('p2', 12)]))],
    ['another table of the name', whole(orders), later([], table('orders', 9, [part('p1', 11), part('p2', 12)]))],
    ['another way of being built', whole(orders), later([], table('orders', 1, orders.partitions, 'other'))],
    ['a table that no backup holds', whole(), later([], orders)],
    ['a view whose definition nobody knows', whole(view('v', null)), later([], view('v', null))],
  ])('names as a hole %s', (_what, full, incremental) => {
    expect(selectObjects({ full, incremental, tables: null }).holes.length).toBeGreaterThan(0);
  });
});

/** What happens to a database between two looks. `pick` chooses among what is there. */
type Event = { readonly what: (typeof kinds)[number]; readonly pick: number };
const kinds = [
  ...([
    'create',
    'drop',
    'insert',
    'insert',
    'insert',
    'insert',
    'truncate',
    'rename',
    'swap',
    'addPartition',
    'dropPartition',
  ] as const),
  ...(['column', 'view', 'redefine', 'temporary', 'spread'] as const),
];
const events = fc.array(fc.record({ what: fc.constantFrom(...kinds), pick: fc.nat(1_000) }), { maxLength: 12 });

/** Plays events on a database; ids are given out once and never again. */
function play(start: DatabaseState, happened: readonly Event[], ids: { next: number }): DatabaseState {
  const fresh = () => {
    ids.next += 1;
    return ids.next;
  };
  return happened.reduce((state, event) => of(...after(state.tables, event, fresh)), start);
}

function after(tables: readonly TableState[], { what, pick }: Event, fresh: () => number): TableState[] {
  const at = tables.length === 0 ? -1 : pick % tables.length;
  const found = tables[at];
  const put = (change: Partial<TableState>) =>
    tables.map((each, index) => (index === at ? { ...each, ...change } : each));
  const parts = found?.partitions ?? [];
  const here = parts.length === 0 ? -1 : pick % parts.length;
  switch (what) {
    case 'create': {
      // Names come back, so that another table has the name of an earlier one.
      const name = `t${pick % 6}`;
      if (tables.some((each) => each.name === name)) return [...tables];
      return [...tables, table(name, fresh(), [part('p0', fresh()), part('p1', fresh())], 's0')];
    }
    case 'view':
      return tables.some(({ name }) => name === 'v') ? [...tables] : [...tables, view('v', 'd0')];
    case 'redefine':
      return tables.map((each) => (each.type === 'VIEW' ? { ...each, schema: `d${fresh()}` } : each));
    default:
  }
  if (found === undefined) return [...tables];
  if (what === 'drop') return tables.filter((_each, index) => index !== at);
  if (found.type === 'VIEW') return [...tables];
  switch (what) {
    case 'insert':
      return put({
        partitions: parts.map((each, index) => (index === here ? { ...each, version: (each.version ?? 1) + 1 } : each)),
      });
    case 'truncate':
      return put({ partitions: parts.map((each) => ({ ...each, id: fresh(), version: 1 })) });
    case 'rename': {
      const name = `t${(pick + 1) % 6}`;
      return tables.some((each) => each.name === name) ? [...tables] : put({ name });
    }
    case 'swap': {
      const other = tables.findIndex((each, index) => index !== at && each.type === 'TABLE');
      const twin = tables[other];
      if (twin === undefined) return [...tables];
      return tables.map((each, index) =>
        index === at ? { ...twin, name: each.name } : index === other ? { ...found, name: each.name } : each,
      );
    }
    case 'addPartition':
      return put({ partitions: [...parts, part(`p${fresh()}`, fresh())] });
    case 'dropPartition':
      return put({ partitions: parts.filter((_each, index) => index !== here) });
    case 'column':
      return put({ schema: `s${fresh()}` });
    case 'spread':
      return put({
        partitions: parts.flatMap((each, index) => (index === here ? [each, { ...each, id: fresh() }] : [each])),
      });
    case 'temporary':
      // INSERT OVERWRITE comes and goes.
      return put({
        partitions: parts.some(({ isTemporary }) => isTemporary)
          ? parts.filter(({ isTemporary }) => !isTemporary)
          : [...parts, part('fresh', fresh(), 1, true)],
      });
    default:
      return [...tables];
  }
}

/** Three tables of three partitions. */
function started(ids: { next: number }): DatabaseState {
  const fresh = () => {
    ids.next += 1;
    return ids.next;
  };
  const three = () => ['p0', 'p1', 'p2'].map((name) => part(name, fresh()));
  return of(...['t0', 't1', 't2'].map((name) => table(name, fresh(), three(), 's0')));
}

/** A full backup, or what an incremental one takes by the rules of Starwarden. */
function backUp(state: DatabaseState, base: BackupContent | null): BackupContent {
  const refused = new Set(cannotBeTaken(state));
  const open = state.tables.filter(({ name }) => !refused.has(name));
  const taken: readonly BackupObject[] =
    base === null
      ? open.map(({ name, type }) => ({ name, type, partitions: null }))
      : changesSince(base, state).map(({ object }) => object);
  const held = taken.map(({ name, partitions }): TableState => {
    const own = open.find((each) => each.name === name);
    if (own === undefined) throw new Error(`${name} does not stand there`);
    return { ...own, partitions: own.partitions.filter((each) => partitions?.includes(each.name) ?? true) };
  });
  return contentOf(of(...held), state);
}

/** The database as RESTORE makes it of a selection: the objects of each backup, one after the other. */
function restore(full: BackupContent, incremental: BackupContent, chosen: ReturnType<typeof selectObjects>) {
  const made = new Map<string, TableState>();
  for (const [content, objects] of [[full, chosen.full] as const, [incremental, chosen.incremental] as const])
    for (const { name, partitions } of objects) {
      const from = content.held.tables.find((each) => each.name === name);
      if (from === undefined) throw new Error(`RESTORE refuses ${name}: it is not in the snapshot`);
      const own = from.partitions.filter((each) => partitions?.includes(each.name) ?? true);
      const before = made.get(name);
      for (const each of before?.partitions ?? [])
        if (own.some(({ name: other }) => other === each.name))
          throw new Error(`${name} ${each.name} would be overwritten`);
      made.set(name, { ...from, partitions: [...(before?.partitions ?? []), ...own] });
    }
  return made;
}

const sorted = (parts: readonly PartitionState[]) =>
  parts.map(({ name, id, version }) => `${name} ${id} ${version}`).toSorted();

describe('a full backup and an incremental one', () => {
  it('give the database of the moment exactly, whatever happened before, between and after', () => {
    let [splits, holes] = [0, 0];
    fc.assert(
      fc.property(events, events, (before, between) => {
        const ids = { next: 0 };
        const then = play(started(ids), before, ids);
        const full = backUp(then, null);
        const now = play(then, between, ids);
        const incremental = backUp(now, full);
        const chosen = selectObjects({ full, incremental, tables: null });
        const made = restore(full, incremental, chosen);
        splits += chosen.split.length;
        holes += chosen.holes.length;
        // BACKUP refuses a table in rebuild: what is missing of it is named, and never there in half without a word.
        const open = now.tables.filter((each) => !cannotBeTaken(now).includes(each.name));
        const named = new Set(chosen.holes.map((each) => each.table));
        for (const each of open) {
          expect(named.has(each.name)).toBe(false);
          expect(sorted(made.get(each.name)?.partitions ?? [])).toEqual(sorted(each.partitions));
          expect(made.has(each.name)).toBe(true);
        }
        for (const name of made.keys()) expect(now.tables.some((each) => each.name === name)).toBe(true);
        for (const each of now.tables.filter(({ name }) => !named.has(name)))
          expect(sorted(made.get(each.name)?.partitions ?? [])).toEqual(
            sorted(each.partitions.filter(({ isTemporary }) => !isTemporary)),
          );
      }),
      { numRuns: 600 },
    );
    // The histories come to what this is about.
    expect(splits).toBeGreaterThan(100);
    expect(holes).toBeGreaterThan(10);
  });
});
