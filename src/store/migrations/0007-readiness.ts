import { type Kysely, sql } from 'kysely';

/** One row that is written again and again: the proof that this database takes writes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE TABLE write_mark (
    id TINYINT NOT NULL PRIMARY KEY,
    at DATETIME(3) NOT NULL
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`.execute(db);
}
