import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cannotBeTaken, changesSince, contentOf, missingIn } from '../../../src/domain/backup/changes.ts';
import type {
  BackupContent,
  BackupObject,
  DatabaseState,
  PartitionState,
  TableState,
} from '../../../src/domain/backup/content.ts';

const part = (name: string, id: number, version: number | null = 1, isTemporary = false): PartitionState => ({
  ...{ name, id, version, isTemporary },
});
const table = (name: string, id: number | null, partitions: readonly PartitionState[], schema: string | null = 's') =>
  ({ name, id, type: 'TABLE', schema, partitions }) satisfies TableState;
const view = (name: string, schema: string | null): TableState => ({
  ...{ name, id: null, type: 'VIEW', schema, partitions: [] },
});
const full = (...tables: TableState[]): BackupContent => ({ held: { tables }, database: { tables } });
const now = (...tables: TableState[]): DatabaseState => ({ tables });
const words = (base: BackupContent, state: DatabaseState) =>
  changesSince(base, state).map(
    ({ object: { name, partitions }, because }) => `${name} ${partitions?.join(',') ?? 'all'} ${because}`,
  );

const orders = table('orders', 1, [part('p1', 11), part('p2', 12)]);

describe('what an incremental backup takes', () => {
  it.each<[string, TableState[], string[]]>([
    ['nothing where nothing changed', [orders], []],
    [
      'a partition whose version grew',
      [table('orders', 1, [part('p1', 11), part('p2', 12, 2)])],
      ['orders p2 PARTITIONS'],
    ],
    [
      'a new partition',
      [table('orders', 1, [part('p1', 11), part('p2', 12), part('p3', 13)])],
      ['orders p3 PARTITIONS'],
    ],
    ['nothing for a partition that was dropped', [table('orders', 1, [part('p1', 11)])], []],
    ['the whole of a table that lost all partitions', [table('orders', 1, [])], ['orders all PARTITIONS']],
    [
      'a truncated table, whose partitions have other ids',
      [table('orders', 1, [part('p1', 21), part('p2', 22)])],
      ['orders all PARTITIONS'],
    ],
    ['a new table', [orders, table('new', 2, [part('new', 31)])], ['new all NEW']],
    ['nothing for a dropped table', [], []],
    ['a renamed table, whole', [table('renamed', 1, orders.partitions)], ['renamed all RENAMED']],
    ['a table that was made anew', [table('orders', 9, [part('p1', 91), part('p2', 92)])], ['orders all REPLACED']],
    ['a table built in another way', [table('orders', 1, orders.partitions, 'other')], ['orders all SCHEMA']],
    ['a table whose schema nobody knows', [table('orders', 1, orders.partitions, null)], ['orders all SCHEMA']],
    ['a table whose id nobody knows', [table('orders', null, orders.partitions)], ['orders all UNKNOWN']],
    [
      'a partition whose version nobody knows',
      [table('orders', 1, [part('p1', 11, null), part('p2', 12)])],
      ['orders p1 PARTITIONS'],
    ],
    [
      'nothing of a table with temporary partitions',
      [table('orders', 1, [part('p1', 11, 5), part('t', 19, 1, true)])],
      [],
    ],
  ])('is %s', (_what, tables, wanted) => {
    expect(words(full(orders), now(...tables))).toEqual(wanted);
  });

  it('is a partition whose version was set back by a RESTORE and reached again', () => {
    const at = (versionAt: string | null) => table('orders', 1, [{ ...part('p1', 11, 7), versionAt }, part('p2', 12)]);
    const base = full(at('2026-11-20 03:00:00'));
    expect(words(base, now(at('2026-11-21 09:30:00')))).toEqual(['orders p1 PARTITIONS']);
    expect(words(base, now(at('2026-11-20 03:00:00')))).toEqual([]);
    expect(words(base, now(at(null)))).toEqual([]);
  });

  it('is both tables of a swap', () => {
    const copy = table('copy', 2, [part('copy', 21)]);
    const swapped = now({ ...copy, name: 'orders' }, { ...orders, name: 'copy' });
    expect(words(full(orders, copy), swapped)).toEqual(['orders all RENAMED', 'copy all RENAMED']);
  });

  it('is a partition one of whose physical partitions is new', () => {
    const grown = table('orders', 1, [part('p1', 11), part('p1', 15), part('p2', 12)]);
    expect(words(full(orders), now(grown))).toEqual(['orders p1 PARTITIONS']);
  });

  it('is a view with another definition, or an unknown one', () => {
    const base = full(view('same', 'a'), view('other', 'a'), view('unknown', null));
    expect(words(base, now(view('same', 'a'), view('other', 'b'), view('unknown', null)))).toEqual([
      'other all SCHEMA',
      'unknown all SCHEMA',
    ]);
  });

  it('is what stood in the database and was not held', () => {
    const base: BackupContent = { held: now(), database: now(orders) };
    expect(words(base, now(orders))).toEqual(['orders all RENAMED']);
  });

  it('names what BACKUP refuses', () => {
    expect(cannotBeTaken(now(orders, table('t', 2, [part('x', 3, 1, true)])))).toEqual(['t']);
  });

  it('says what was asked for and is not there', () => {
    const asked: BackupObject[] = [
      { type: 'TABLE', name: 'orders', partitions: ['p1', 'p9'] },
      { type: 'TABLE', name: 'gone', partitions: null },
    ];
    expect(missingIn(now(orders), asked)).toEqual(['partition p9 of orders', 'gone']);
  });
});

/** A database that people work on. What a partition holds is its id with its version, and how its table is built then. */
type World = { tables: TableState[]; nextId: number };
type Step = { readonly do: (typeof steps)[number]; readonly on: number; readonly other: number };

const steps = [
  ...(['load', 'truncate', 'create', 'drop', 'rename', 'swap', 'addPartition', 'dropPartition'] as const),
  ...(['overwrite', 'addColumn', 'forgetVersion', 'split', 'temporary', 'endTemporary'] as const),
] as const;

function change(world: World, { do: what, on, other }: Step): World {
  let { nextId } = world;
  const id = () => {
    nextId += 1;
    return nextId;
  };
  const at = world.tables.length === 0 ? -1 : on % world.tables.length;
  const one = world.tables[at];
  const put = (changed: TableState) => world.tables.map((each, index) => (index === at ? changed : each));
  const fresh = (name: string): TableState => table(name, id(), [part('p1', id()), part('p2', id())], `s${nextId}`);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const free = names.find((name) => !world.tables.some((each) => each.name === name));
  if (what === 'create') return free === undefined ? world : { tables: [...world.tables, fresh(free)], nextId };
  if (one === undefined) return world;
  const parts = one.partitions;
  const index = parts.length === 0 ? -1 : other % parts.length;
  const mapped = (each: (partition: PartitionState) => PartitionState) =>
    put({ ...one, partitions: parts.map((own, position) => (position === index ? each(own) : own)) });
  const withNew = (make: () => TableState[]): World => {
    const tables = make();
    return { tables, nextId };
  };
  switch (what) {
    case 'load':
      return {
        ...world,
        tables: mapped((own) => ({ ...own, version: own.version === null ? null : own.version + 1 })),
      };
    case 'forgetVersion':
      return { ...world, tables: mapped((own) => ({ ...own, version: null })) };
    case 'overwrite':
      return withNew(() => mapped((own) => ({ ...own, id: id(), version: 1 })));
    case 'truncate':
      return withNew(() => put({ ...one, partitions: parts.map((own) => ({ ...own, id: id(), version: 1 })) }));
    case 'drop':
      return { ...world, tables: world.tables.filter((each) => each !== one) };
    case 'rename':
      return free === undefined ? world : { ...world, tables: put({ ...one, name: free }) };
    case 'swap': {
      const mate = world.tables[other % world.tables.length];
      if (mate === undefined || mate === one) return world;
      const tables = world.tables.map((each) =>
        each === one ? { ...mate, name: one.name } : each === mate ? { ...one, name: mate.name } : each,
      );
      return { ...world, tables };
    }
    case 'addPartition':
      return withNew(() => {
        const number = id();
        return put({ ...one, partitions: [...parts, part(`p${number}`, number)] });
      });
    case 'split':
      return withNew(() => {
        const of = parts.find(({ isTemporary }) => !isTemporary);
        return of === undefined ? world.tables : put({ ...one, partitions: [...parts, part(of.name, id())] });
      });
    case 'dropPartition': {
      const name = parts[index]?.name;
      return { ...world, tables: put({ ...one, partitions: parts.filter((own) => own.name !== name) }) };
    }
    case 'addColumn':
      return withNew(() => put({ ...one, schema: `s${id()}` }));
    case 'temporary':
      return withNew(() => put({ ...one, partitions: [...parts, part(`t${id()}`, nextId, 1, true)] }));
    case 'endTemporary':
      return { ...world, tables: put({ ...one, partitions: parts.filter(({ isTemporary }) => !isTemporary) }) };
    default:
      return what satisfies never;
  }
}

/** What BACKUP puts into a snapshot: as the manifest has it, whose versions are always known. */
function snapshotOf(
  state: DatabaseState,
  asked: readonly BackupObject[],
  truth: (id: number) => number,
): DatabaseState {
  const tables = asked.flatMap(({ name, partitions }) => {
    const own = state.tables.find((each) => each.name === name);
    if (own === undefined) return [];
    const held = own.partitions.filter(
      (each) => !each.isTemporary && (partitions === null || partitions.includes(each.name)),
    );
    return [{ ...own, partitions: held.map((each) => ({ ...each, version: truth(each.id) })) }];
  });
  return { tables };
}

type Restored = Map<string, { schema: string | null; partitions: Map<string, string> }>;

/** What stands there after a restore of the base and of the incremental one, of all that the record says was there. */
function restore(base: BackupContent, later: BackupContent): Restored {
  const find = (content: BackupContent, name: string) => content.held.tables.find((each) => each.name === name);
  const restored: Restored = new Map();
  for (const wanted of later.database.tables) {
    const [fresh, old] = [find(later, wanted.name), find(base, wanted.name)];
    const names = new Set(wanted.partitions.map(({ name }) => name));
    const partitions = new Map<string, string>();
    for (const name of names) {
      const from = fresh?.partitions.some((each) => each.name === name) ? fresh : old;
      const own = from?.partitions.filter((each) => each.name === name) ?? [];
      partitions.set(name, dataOf(own));
    }
    restored.set(wanted.name, { schema: (fresh ?? old)?.schema ?? null, partitions });
  }
  return restored;
}

function dataOf(parts: readonly PartitionState[]): string {
  return parts
    .map(({ id, version }) => `${id}@${version}`)
    .toSorted()
    .join(' ');
}

describe('a full backup and the incremental one after it', () => {
  it('give exactly the database of that moment, whatever was done in between', () => {
    const step = fc.record({ do: fc.constantFrom(...steps), on: fc.nat(9), other: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, between) => {
        const empty: World = { tables: [], nextId: 100 };
        // The versions that StarRocks has, also of partitions whose version it did not tell us.
        const versions = new Map<number, number>();
        const remember = (world: World) => {
          for (const each of world.tables.flatMap(({ partitions }) => partitions))
            versions.set(
              each.id,
              Math.max(each.version ?? 1, (versions.get(each.id) ?? 0) + (each.version === null ? 1 : 0)),
            );
          return world;
        };
        const truth = (id: number) => versions.get(id) ?? 1;
        const create = { do: 'create', on: 0, other: 0 } as const;
        const first = [create, create, ...before].reduce((world, each) => remember(change(world, each)), empty);
        const taken = first.tables.filter((each) => !cannotBeTaken(first).includes(each.name));
        const all = taken.map(({ name, type }) => ({ name, type, partitions: null }));
        const base = contentOf(snapshotOf(first, all, truth), first);
        const second = between.reduce((world, each) => remember(change(world, each)), first);
        const chosen = changesSince(base, second).map(({ object }) => object);
        const later = contentOf(snapshotOf(second, chosen, truth), second);
        expect(missingIn(later.held, chosen)).toEqual([]);
        const refused = new Set(cannotBeTaken(second));
        const restored = restore(base, later);
        for (const each of second.tables) {
          if (refused.has(each.name)) continue;
          const got = restored.get(each.name);
          const wanted = Map.groupBy(each.partitions, ({ name }) => name);
          expect(got?.schema).toBe(each.schema);
          expect([...(got?.partitions.keys() ?? [])].toSorted()).toEqual([...wanted.keys()].toSorted());
          for (const [name, own] of wanted)
            expect(got?.partitions.get(name)).toBe(dataOf(own.map((one) => ({ ...one, version: truth(one.id) }))));
        }
        expect([...restored.keys()].toSorted()).toEqual(second.tables.map(({ name }) => name).toSorted());
      }),
      { numRuns: 500 },
    );
  });

  it('take nothing the second time when nothing was done in between', () => {
    const step = fc.record({ do: fc.constantFrom(...steps), on: fc.nat(9), other: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (done) => {
        const world = done
          .filter(({ do: what }) => what !== 'forgetVersion' && what !== 'temporary')
          .reduce(change, { tables: [], nextId: 100 });
        expect(changesSince(contentOf(world, world), world)).toEqual([]);
      }),
    );
  });
});
