import { type Person, toPerson } from '../access/access-rows.ts';
import type { Queryable } from '../database.ts';
import { type Page, pageOf } from './visibility.ts';

/** By name, which is unique. */
export async function listPersons(db: Queryable, page: Page<{ name: string }>): Promise<readonly Person[]> {
  const part = pageOf(page, { columns: ['name'], direction: 'asc', values: ({ name }) => [name] });
  const rows = await db
    .selectFrom('person')
    .selectAll()
    .where(part.where)
    .orderBy(part.orderBy)
    .limit(page.limit)
    .execute();
  return part.inOrder(rows.map(toPerson));
}

/** How many there are. */
export async function countPersons(db: Queryable): Promise<number> {
  const row = await db
    .selectFrom('person')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}
