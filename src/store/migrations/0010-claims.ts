import { type Kysely, sql } from 'kysely';

/** Whatever is claimed when it is due has the same columns: `due_at`, `claimed_by`, `claimed_until`, `fence`. */
const claims = [
  sql`ALTER TABLE run RENAME COLUMN wake_at TO due_at`,
  sql`ALTER TABLE run RENAME COLUMN lease_owner TO claimed_by`,
  sql`ALTER TABLE run RENAME COLUMN lease_expires_at TO claimed_until`,
  sql`ALTER TABLE run RENAME COLUMN lease_fence TO fence`,
  sql`ALTER TABLE probe RENAME COLUMN owner TO claimed_by`,
  ...['slack_card', 'slack_line'].flatMap((name) => {
    const table = sql.table(name);
    return [
      sql`ALTER TABLE ${table} RENAME COLUMN next_try_at TO due_at`,
      sql`ALTER TABLE ${table} RENAME COLUMN lease_owner TO claimed_by`,
      sql`ALTER TABLE ${table} RENAME COLUMN lease_expires_at TO claimed_until`,
      sql`ALTER TABLE ${table} ADD COLUMN fence BIGINT NOT NULL DEFAULT 0`,
    ];
  }),
];

/** What is said of an alert comes from its rule and is kept with it, so that readers need not know the rule. */
const alerts = [
  sql`ALTER TABLE alert ADD COLUMN past_title VARCHAR(500) NULL`,
  sql`ALTER TABLE alert ADD COLUMN muted_because VARCHAR(200) NULL`,
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

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...claims, ...alerts]) await statement.execute(db);
}
