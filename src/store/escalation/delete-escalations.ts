import type { Tx } from '../database.ts';
import { rowsAtOnce, untilGone } from '../slack/delete-cards.ts';

/** What escalations of these alerts told in other places; messages there are known by these ids. */
export async function listPlacesOf(tx: Tx, alertIds: readonly string[]): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('escalation_delivery')
    .select('id')
    .where('kind', '=', 'PLACE')
    .where('alert_id', 'in', alertIds)
    .execute();
  return rows.map(({ id }) => id);
}

/** Removes all that escalations of these alerts did. The caller holds the alerts' locks. */
export async function deleteEscalations(tx: Tx, alertIds: readonly string[]): Promise<void> {
  for (const table of ['escalation_delivery', 'escalation_step'] as const)
    await untilGone(() => tx.deleteFrom(table).where('alert_id', 'in', alertIds).limit(rowsAtOnce).executeTakeFirst());
  await tx.deleteFrom('escalation').where('alert_id', 'in', alertIds).execute();
}
