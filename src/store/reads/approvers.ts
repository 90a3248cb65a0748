import { rolesWith } from '../../domain/access.ts';
import type { Reader } from '../database.ts';

/** A person who may approve; `slackUser` is their account in the workspace, the newest one when there are several. */
export type Approver = { readonly personId: string; readonly name: string; readonly slackUser: string | null };

/** Who may approve on a cluster, by name, without the requester; at most `limit`. */
export async function listApprovers(
  db: Reader,
  where: { clusterId: string; environment: string; exceptPersonId: string; team: string; limit: number },
): Promise<readonly Approver[]> {
  const people = await db
    .selectFrom('role_binding')
    .innerJoin('person', 'person.id', 'role_binding.person_id')
    .select(['person.id', 'person.name'])
    .distinct()
    .where('role', 'in', rolesWith('run:approve'))
    .where('person.disabled_at', 'is', null)
    .where('person.id', '!=', where.exceptPersonId)
    .where((row) =>
      row.or([
        row('scope_kind', '=', 'all'),
        row.and([row('scope_kind', '=', 'environment'), row('scope_value', '=', where.environment)]),
        row.and([row('scope_kind', '=', 'cluster'), row('scope_value', '=', where.clusterId)]),
      ]),
    )
    .orderBy('person.name')
    .limit(where.limit)
    .execute();
  if (people.length === 0) return [];
  const links = await db
    .selectFrom('slack_identity')
    .select(['person_id', 'slack_user'])
    .where('team', '=', where.team)
    .where(
      'person_id',
      'in',
      people.map(({ id }) => id),
    )
    .orderBy('linked_at')
    .orderBy('slack_user')
    .execute();
  const accounts = new Map(links.map((link) => [link.person_id, link.slack_user]));
  return people.map(({ id, name }) => ({ personId: id, name, slackUser: accounts.get(id) ?? null }));
}
