import type { Kysely } from 'kysely';
import { addColumns } from './once.ts';

/** In which words somebody switched off the rule of an alert that was ended by that; null = it was not, or that was before this. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'alert', { switched_off: 'VARCHAR(500) NULL' });
}
