import { type Person, toPerson } from '../access.ts';
import type { Queryable } from '../database.ts';
import type { Page } from './visibility.ts';

/** By name, which is unique. */
export async function listPersons(db: Queryable, page: Page<{ name: string }>): Promise<readonly Person[]> {
  let query = db.selectFrom('person').selectAll();
  if (page.after !== null) query = query.where('name', '>', page.after.name);
  return (await query.orderBy('name').limit(page.limit).execute()).map(toPerson);
}
