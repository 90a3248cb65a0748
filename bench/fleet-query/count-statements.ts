import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';

/**
 * How many statements the database server got from everybody else while `work` went on. Counted by the server, so that
 * nothing can go past it.
 */
export async function countStatements(db: Database, work: () => Promise<void>): Promise<number> {
  return db.connection().execute(async (connection) => {
    const asked = async () => {
      const { rows } = await sql<{ Value: string }>`SHOW GLOBAL STATUS LIKE 'Questions'`.execute(connection);
      return Number(rows[0]?.Value);
    };
    const before = await asked();
    await work();
    return (await asked()) - before - 1; // the second question counts itself
  });
}
