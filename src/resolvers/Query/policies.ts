import { lookAtRetention } from '../../runs/look-at-backups.ts';
import { findVisiblePolicy, listPolicies } from '../../store/reads/policies.ts';
import { type PageArguments, sliceConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export async function backupPolicies(
  _: unknown,
  { clusterId, ...page }: PageArguments & { clusterId?: string | null },
  { deps, actor }: RequestContext,
) {
  const rows = await listPolicies(deps.db, { visibility: readableBy(actor), clusterId });
  const places = new Map(rows.map((row, place) => [row.id, place]));
  return sliceConnection(rows, { ...page, name: 'backupPolicies', placeOf: ({ id }) => places.get(id) ?? 0 });
}

export async function retentionPlan(_: unknown, { policyId }: { policyId: string }, { deps, actor }: RequestContext) {
  const found = await findVisiblePolicy(deps.db, { visibility: readableBy(actor), id: policyId });
  return found === null ? null : lookAtRetention(deps.engine, found.policy);
}
