import { afterAll, beforeAll, expect, it } from 'vitest';
import { kindAt, menusOf, suggest } from '../../../src/bot/forms/suggest.ts';
import { type Actor, rolesWith, type Scope } from '../../../src/domain/access.ts';
import { operations } from '../../../src/operations/index.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { createMigratedDatabase, type TestDatabase } from '../../helpers/services.ts';
import { fillWithRows } from '../../store/reads/many-rows.ts';

let database: TestDatabase;
let db: Database;
let rows: Awaited<ReturnType<typeof fillWithRows>>;

beforeAll(async () => {
  database = await createMigratedDatabase();
  db = openDatabase({ url: database.url, poolSize: 2 });
  rows = await fillWithRows(db, { clusters: 8 });
  await db
    .insertInto('removed_node')
    .values(
      rows.clusters.map(({ clusterId }, at) => ({
        ...{
          id: `rmn_${at}`,
          cluster_id: clusterId,
          run_id: 'run_1',
          kind: 'BACKEND',
          host: `10.0.9.${at}`,
          port: 9050,
        },
        ...{ data_dirs: '[]', identities: '{}', removed_at: new Date(0) },
      })),
    )
    .execute();
});
afterAll(async () => {
  await db?.destroy();
  await database?.drop();
});

const menus = operations.flatMap((operation) =>
  menusOf(operation.fields).map((way) => ({ operation, way, kind: kindAt(operation.fields, way.split('.')) })),
);
type Menu = (typeof menus)[number];

/** Somebody who may do what the form asks for, there; null = nowhere. */
function person({ operation }: Menu, scope: Scope | null): Actor {
  const [role] = rolesWith(operation.permission);
  if (role === undefined) throw new Error(`no role has ${operation.permission}`);
  return { id: 'per_1', name: 'kim', via: 'SLACK', bindings: scope === null ? [] : [{ role, scope }] };
}

const offered = (menu: Menu, actor: Actor, clusterId: string | null, typed = '') =>
  suggest(db, actor, {
    ...menu,
    typed,
    state: clusterId === null ? {} : { clusterId: { value: { selected_option: { value: clusterId } } } },
  });

it('every menu of every form has a kind of rows to choose among', () => {
  expect(new Set(menus.map(({ kind }) => kind))).toEqual(
    new Set(['cluster', 'node', 'removedNode', 'backup', 'policy']),
  );
});

it.each(menus.map((menu) => [`${menu.operation.name} ${menu.way}`, menu] as const))(
  '%s offers what is stored, to whoever may do it there and to nobody else',
  async (_name, menu) => {
    const [own, other] = rows.clusters;
    if (own === undefined || other === undefined) throw new Error('no clusters');
    const here = { kind: 'cluster', clusterId: own.clusterId } as const;
    const all = await offered(menu, person(menu, { kind: 'all' }), own.clusterId);
    expect(all.length).toBeGreaterThan(0);
    expect(await offered(menu, person(menu, null), own.clusterId)).toEqual([]);
    const mine = await offered(menu, person(menu, here), own.clusterId);
    if (menu.kind === 'cluster') expect(mine.map(({ value }) => value)).toEqual([own.clusterId]);
    else {
      expect(mine.length).toBeGreaterThan(0);
      expect(await offered(menu, person(menu, here), other.clusterId)).toEqual([]);
      expect(await offered(menu, person(menu, here), null)).toEqual([]);
    }
    const [first] = mine;
    const narrowed = await offered(menu, person(menu, here), own.clusterId, first?.text.text.slice(0, 12) ?? '');
    expect(narrowed).toContainEqual(first);
    expect(await offered(menu, person(menu, here), own.clusterId, 'nothing is called so')).toEqual([]);
  },
);

it('offers rows of no field that is no menu', async () => {
  const [menu] = menus;
  if (menu === undefined) throw new Error('no menu');
  for (const way of ['', 'nonsense', 'clusterId.x', '__proto__'])
    expect(await offered({ ...menu, way }, person(menu, { kind: 'all' }), null)).toEqual([]);
});
