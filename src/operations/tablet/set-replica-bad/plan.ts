import type { ClusterNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { type TableReplica, whyNotBad } from '../../../domain/tablets/replicas.ts';
import { awaitTabletWhole, markReplicaBad } from './steps.ts';

export type BadReplicaFacts = {
  /** Null = the cluster has no such node. */
  readonly node: ClusterNode | null;
  /** Null = it is no backend of the cluster now. */
  readonly backendId: string | null;
  /** Null = there is no such tablet. */
  readonly table: { readonly database: string; readonly table: string } | null;
  /** Of that table. */
  readonly replicas: readonly TableReplica[];
  /** Backends that live and do not leave, by BackendId. */
  readonly staying: ReadonlySet<string>;
};

type SetReplicaBad = { readonly tablet: string; readonly nodeId: string; readonly timeoutMinutes: number };

export function planSetReplicaBad(
  { tablet: tabletId, nodeId, timeoutMinutes }: SetReplicaBad,
  facts: BadReplicaFacts,
): PlanResult {
  const { node, backendId, table, replicas, staying } = facts;
  if (node === null || backendId === null) {
    return notFound(
      node === null ? `The cluster has no node ${nodeId}` : `${nodeLabel(node)} is no backend of the cluster`,
      'Refresh the cluster, then look at its backends.',
      'nodeId',
    );
  }
  if (table === null) return notFound(`There is no tablet ${tabletId}`, 'It may have been dropped or moved.', 'tablet');
  const why = whyNotBad(replicas, { tabletId, backendId, staying });
  if (why !== null) return { refusals: [{ ...why, hint: hints[why.code], path: ['input', 'tablet'] }] };
  const label = nodeLabel(node);
  const replica = replicas.find((each) => each.tabletId === tabletId && each.backendId === backendId);
  const replicaCount = replicas.filter((each) => each.tabletId === tabletId).length;
  const named = { ...table, tabletId, backendId, replicaId: replica?.replicaId ?? '', nodeId, label, replicaCount };
  const elsewhere = [...staying].filter(
    (id) => !replicas.some((each) => each.tabletId === tabletId && each.backendId === id),
  );
  return {
    summary: `Have the replica of tablet ${tabletId} (${table.database}.${table.table}) on ${label} deleted and made anew`,
    steps: [markReplicaBad.with(named), awaitTabletWhole.with({ ...named, timeoutMinutes })],
    notes: [
      'Until it is made anew, the tablet has one replica less',
      ...(elsewhere.length === 0 ? [`There is no other backend for it, so it is made anew on ${label} itself`] : []),
    ],
  };
}

const hints = {
  NOT_FOUND: 'Look at ADMIN SHOW REPLICA STATUS of the table.',
  PRECONDITION_FAILED: 'StarRocks deletes it and makes it anew by itself.',
  REPLICATION_AT_RISK: 'Repair the table first (repairTable), so that the other replicas are well.',
} as const satisfies Partial<Record<Refusal['code'], string>>;

function notFound(message: string, hint: string, field: string): PlanResult {
  return { refusals: [{ code: 'NOT_FOUND', message, hint, path: ['input', field] }] };
}
