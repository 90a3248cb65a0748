import type { Kysely } from 'kysely';
import { addColumns } from './once.ts';

/** Can be begun anew after any of its statements. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Null = the window hides no alerts.
  await addColumns(db, 'maintenance_window', { hides_alerts_up_to: 'VARCHAR(10) NULL' });
}
