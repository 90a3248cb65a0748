import { type Kysely, sql } from 'kysely';
import { addColumns, renameColumn } from './once.ts';

/** Whatever is claimed when it is due has the same columns: `due_at`, `claimed_by`, `claimed_until`, `fence`. */
const renamed = [
  { table: 'run', from: 'wake_at', to: 'due_at' },
  { table: 'run', from: 'lease_owner', to: 'claimed_by' },
  { table: 'run', from: 'lease_expires_at', to: 'claimed_until' },
  { table: 'run', from: 'lease_fence', to: 'fence' },
  { table: 'probe', from: 'owner', to: 'claimed_by' },
  ...['slack_card', 'slack_line'].flatMap((table) => [
    { table, from: 'next_try_at', to: 'due_at' },
    { table, from: 'lease_owner', to: 'claimed_by' },
    { table, from: 'lease_expires_at', to: 'claimed_until' },
  ]),
];

/** What is said of an alert comes from its rule and is kept with it, so that readers need not know the rule. */
const words = [
  sql`UPDATE alert SET past_title = CASE
    WHEN title LIKE '% is down' THEN CONCAT(LEFT(title, CHAR_LENGTH(title) - 8), ' was down')
    WHEN title LIKE '% has never come up' THEN CONCAT(LEFT(title, CHAR_LENGTH(title) - 18), ' had never come up')
    WHEN title = 'The frontends reach no leader' THEN 'The frontends reached no leader'
    WHEN title = 'No frontend answers' THEN 'No frontend answered'
    WHEN title = 'The cluster cannot be observed' THEN 'The cluster could not be observed'
    END`,
  sql`UPDATE alert SET muted_because = CASE
    WHEN muted_by = 'cluster_unreachable' THEN 'the whole cluster cannot be observed'
    WHEN muted_by LIKE 'run:%' THEN CONCAT('run ', SUBSTRING(muted_by, 5), ' is working on the node')
    END`,
];

/** Can be begun anew after any of its statements: what it fills in comes from columns that it leaves as they were. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const { table, ...names } of renamed) await renameColumn(db, table, names);
  for (const table of ['slack_card', 'slack_line']) await addColumns(db, table, { fence: 'BIGINT NOT NULL DEFAULT 0' });
  await addColumns(db, 'alert', { past_title: 'VARCHAR(500) NULL', muted_because: 'VARCHAR(200) NULL' });
  for (const statement of words) await statement.execute(db);
}
