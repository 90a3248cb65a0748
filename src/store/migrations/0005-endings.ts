import { type Kysely, sql } from 'kysely';

const statements = [
  sql`ALTER TABLE run ADD COLUMN before_undo LONGTEXT NULL`,
  sql`ALTER TABLE run ADD COLUMN undo_gone VARCHAR(500) NULL`,
  // An upgrade that was finalized before this column was there cannot be undone either.
  sql`UPDATE run SET undo_gone = 'The old binaries were removed when the upgrade was finalized'
    WHERE state <> 'UNDONE' AND id IN (SELECT run_id FROM upgrade WHERE finalized_at IS NOT NULL)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await statement.execute(db);
}
