import type { Tx } from '../database.ts';
import { toAlert } from './alert-rows.ts';
import { writeAlertChange } from './alerts.ts';

/** Takes from a person who may not log in any more what they had acknowledged or were given: nobody else would hear of it. */
export async function releaseAlertsOf(
  tx: Tx,
  person: { readonly id: string; readonly name: string },
  actor: { readonly id: string; readonly name: string },
): Promise<void> {
  const rows = await tx
    .selectFrom('alert')
    .selectAll()
    .where('closed_at', 'is', null)
    .where((row) => row.or([row('acked_by_id', '=', person.id), row('assignee_id', '=', person.id)]))
    .orderBy('number')
    .forUpdate()
    .execute();
  for (const alert of rows.map(toAlert)) {
    const { handling, assignee } = alert;
    const isTheirs = handling.kind === 'ACKED' && handling.byId === person.id;
    const why = `${person.name} may not log in any more`;
    await writeAlertChange(
      tx,
      {
        alert: {
          ...alert,
          handling: isTheirs ? { kind: 'UNACKED' } : handling,
          assignee: assignee?.id === person.id ? null : assignee,
        },
        events: [
          isTheirs
            ? { type: 'UNACKED', message: `${why}; nobody handles it` }
            : { type: 'ASSIGNED', message: `${why}; it is given to nobody now` },
        ],
      },
      actor,
    );
  }
}
