import { type Kysely, sql } from 'kysely';
import { addColumns, hasColumn } from './once.ts';

/** One change, so that it is made whole or not at all. What is held before it is the whole cluster. */
const scopes = sql`ALTER TABLE cluster_lock
    ADD COLUMN scope VARCHAR(20) NOT NULL DEFAULT 'cluster',
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (cluster_id, scope),
    DROP KEY cluster_lock_run,
    ADD KEY cluster_lock_run (run_id)`;

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  if (!(await hasColumn(db, 'cluster_lock', 'scope'))) await scopes.execute(db);
  await addColumns(db, 'temporary_change', {
    // Of what the value is; before this column there were changes of tablet scheduling only.
    setting: "VARCHAR(40) NOT NULL DEFAULT 'tablet-scheduling'",
    // When it is to be put back at the latest; null = at the end of its run, whenever that is.
    until_at: 'DATETIME(3) NULL',
  });
}
