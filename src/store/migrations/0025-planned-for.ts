import { type Kysely, sql } from 'kysely';
import { addColumns, addIndex } from './once.ts';

/**
 * For which channel a message was planned. Where it is in the end may be another: Slack answers the id of a channel that was
 * given by its name, and a channel that was archived is replaced. Can be begun anew after any of its statements.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db, 'slack_card', { planned_for: 'VARCHAR(32) NULL' });
  await sql`UPDATE slack_card SET planned_for = channel WHERE planned_for IS NULL`.execute(db);
  await addIndex(db, 'slack_card', { name: 'slack_card_planned', columns: ['planned_for', 'sent_at'] });
  // What is kept for a time only is found by its age.
  await addIndex(db, 'alert', { name: 'alert_closed', columns: ['closed_at'] });
}
