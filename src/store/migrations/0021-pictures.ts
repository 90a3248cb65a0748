import type { Kysely } from 'kysely';
import { addColumns } from './once.ts';

/** A reply may come with a picture: what it shows, and how far it has come. Null = a reply of words alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'slack_line', { picture: 'LONGTEXT NULL' });
}
