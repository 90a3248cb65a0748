import { type DatabaseIntrospector, type Kysely, MysqlDialect, sql } from 'kysely';

/**
 * MySQL's dialect for a database whose tables are known beforehand: what it finds out about a database are the names of its tables,
 * without their columns. At each start Kysely asks twice whether the tables that it keeps itself are there; for that its own reading
 * joins every column with every table.
 */
export class NamesOnlyDialect extends MysqlDialect {
  override createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    const getTables = async () => {
      const { rows } = await sql<{ name: string }>`SELECT TABLE_NAME AS name
        FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'`.execute(db);
      return rows.map(({ name }) => ({ name, isView: false, isForeign: false, columns: [] }));
    };
    return { getTables, getSchemas: async () => [] };
  }
}
