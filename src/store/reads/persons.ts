import { type Actor, type Permission, type RoleBinding, rolesWith } from '../../domain/access.ts';
import type { ApiToken, Person } from '../../domain/person.ts';
import type { RunVia } from '../../domain/run.ts';
import { toApiToken, toBinding, toPerson } from '../access/access-rows.ts';
import type { Reader } from '../database.ts';
import { type Page, pageOf } from './visibility.ts';

/** By name, which is unique. */
export async function listPersons(db: Reader, page: Page<{ name: string }>): Promise<readonly Person[]> {
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
export async function countPersons(db: Reader): Promise<number> {
  const row = await db
    .selectFrom('person')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

export async function findPerson(db: Reader, id: string): Promise<Person | null> {
  const row = await db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toPerson(row);
}

/** Those of the persons who exist and were not shut out, as actors with the roles they hold now. */
export async function findActors(db: Reader, ids: readonly string[], via: RunVia): Promise<readonly Actor[]> {
  const rows = await db
    .selectFrom('person')
    .select(['id', 'name'])
    .where('id', 'in', ids)
    .where('disabled_at', 'is', null)
    .execute();
  const bound = await bindingsOfPersons(db, ids);
  return rows.map(({ id, name }) => ({
    ...{ id, name, via },
    bindings: bound.filter(({ personId }) => personId === id).map(({ binding }) => binding),
  }));
}

/** Who has a permission everywhere and was not shut out, by name; at most so many. */
export async function listHolders(
  db: Reader,
  { permission, limit }: { readonly permission: Permission; readonly limit: number },
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  return db
    .selectFrom('role_binding')
    .innerJoin('person', 'person.id', 'role_binding.person_id')
    .select(['person.id', 'person.name'])
    .distinct()
    .where('role', 'in', rolesWith(permission))
    .where('scope_kind', '=', 'all')
    .where('person.disabled_at', 'is', null)
    .orderBy('person.name')
    .limit(limit)
    .execute();
}

/** By name, which is unique, whether they were shut out or not. */
export async function findPersonByName(db: Reader, name: string): Promise<Person | null> {
  const row = await db.selectFrom('person').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : toPerson(row);
}

export async function bindingsOfPersons(
  db: Reader,
  personIds: readonly string[],
): Promise<readonly { personId: string; binding: RoleBinding }[]> {
  const rows = await db
    .selectFrom('role_binding')
    .selectAll()
    .where('person_id', 'in', personIds)
    .orderBy('role')
    .orderBy('scope_kind')
    .orderBy('scope_value')
    .execute();
  return rows.map((row) => ({ personId: row.person_id, binding: toBinding(row) }));
}

export async function tokensOfPersons(db: Reader, personIds: readonly string[]): Promise<readonly ApiToken[]> {
  const rows = await db
    .selectFrom('api_token')
    .selectAll()
    .where('person_id', 'in', personIds)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toApiToken);
}
