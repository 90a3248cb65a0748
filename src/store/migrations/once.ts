import { type Kysely, type RawBuilder, sql } from 'kysely';

/*
 * Changes of tables that are made only where they are missing. The server makes each change on its own, in no
 * transaction: a process that ends in the middle of a migration leaves the changes made so far, and the next process
 * begins the migration anew.
 */

/** Adds the columns that the table lacks, in one change. `columns` are what stands in SQL behind each name. */
export async function addColumns(
  db: Kysely<unknown>,
  table: string,
  columns: Readonly<Record<string, string>>,
): Promise<void> {
  const known = await columnsOf(db, table);
  const missing = Object.entries(columns).filter(([name]) => !known.has(name));
  if (missing.length === 0) return;
  const additions = missing.map(([name, definition]) => sql`ADD COLUMN ${sql.ref(name)} ${sql.raw(definition)}`);
  await sql`ALTER TABLE ${sql.table(table)} ${sql.join(additions)}`.execute(db);
}

/** Renames a column, unless the table has the new name already. */
export async function renameColumn(
  db: Kysely<unknown>,
  table: string,
  { from, to }: { from: string; to: string },
): Promise<void> {
  if ((await columnsOf(db, table)).has(to)) return;
  await sql`ALTER TABLE ${sql.table(table)} RENAME COLUMN ${sql.ref(from)} TO ${sql.ref(to)}`.execute(db);
}

/** Adds an index, unless the table has one of that name. */
export async function addIndex(
  db: Kysely<unknown>,
  table: string,
  { name, columns }: { name: string; columns: readonly string[] },
): Promise<void> {
  if (await hasIndex(db, table, name)) return;
  const parts = sql.join(columns.map((column) => sql.ref(column)));
  await sql`CREATE INDEX ${sql.ref(name)} ON ${sql.table(table)} (${parts})`.execute(db);
}

/** Drops an index, unless the table has none of that name. */
export async function dropIndex(db: Kysely<unknown>, table: string, name: string): Promise<void> {
  if (await hasIndex(db, table, name)) await sql`DROP INDEX ${sql.ref(name)} ON ${sql.table(table)}`.execute(db);
}

/** Adds a check, unless the table has a constraint of that name. */
export async function addCheck(
  db: Kysely<unknown>,
  table: string,
  { name, condition }: { name: string; condition: RawBuilder<unknown> },
): Promise<void> {
  const known = await sql`SELECT 1 FROM information_schema.TABLE_CONSTRAINTS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table} AND CONSTRAINT_NAME = ${name}`.execute(db);
  if (known.rows.length > 0) return;
  await sql`ALTER TABLE ${sql.table(table)} ADD CONSTRAINT ${sql.ref(name)} CHECK (${condition})`.execute(db);
}

/** Whether the table has the column. */
export async function hasColumn(db: Kysely<unknown>, table: string, name: string): Promise<boolean> {
  return (await columnsOf(db, table)).has(name);
}

async function hasIndex(db: Kysely<unknown>, table: string, name: string): Promise<boolean> {
  const known = await sql`SELECT 1 FROM information_schema.STATISTICS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table} AND INDEX_NAME = ${name}`.execute(db);
  return known.rows.length > 0;
}

async function columnsOf(db: Kysely<unknown>, table: string): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ${table}`.execute(db);
  return new Set(rows.map(({ name }) => name));
}
