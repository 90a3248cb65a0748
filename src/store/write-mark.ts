import { type Database, databaseNow } from './database.ts';

/**
 * Resolves when the database has written something. Throws its error, as `STORE_UNAVAILABLE` where the server as a whole
 * is at fault.
 */
export async function writeMark(db: Database): Promise<void> {
  await db
    .insertInto('write_mark')
    .values({ id: 1, at: databaseNow })
    .onDuplicateKeyUpdate({ at: databaseNow })
    .execute();
}
