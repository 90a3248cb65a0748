import type { Actor, Role } from '../domain/access.ts';
import { type Cluster, type ClusterNode, namesOfNode } from '../domain/cluster.ts';
import { terminalRunStates } from '../domain/run.ts';
import type { Queryable } from './database.ts';
import { listNodes, toCluster, toNode } from './inventory.ts';
import { isVisible, visibilityOf } from './queries/visibility.ts';
import { type Run, toRun } from './run-rows.ts';

/** Every cluster that the actor may see, by name. */
export async function listVisibleClusters(db: Queryable, actor: Actor): Promise<readonly Cluster[]> {
  const seen = isVisible(visibilityOf(actor, 'cluster:read'), {
    clusterId: 'cluster.id',
    environment: 'cluster.environment',
  });
  return (await db.selectFrom('cluster').selectAll().where(seen).orderBy('name').execute()).map(toCluster);
}

/** Nodes of many clusters with one statement. */
export async function listNodesOf(
  db: Queryable,
  clusterIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ClusterNode[]>> {
  if (clusterIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('cluster_node')
    .selectAll()
    .where('cluster_id', 'in', clusterIds)
    .orderBy('kind')
    .orderBy('host')
    .orderBy('port')
    .execute();
  return Map.groupBy(rows.map(toNode), (node) => node.clusterId);
}

/** Runs that have not ended, and the one that ended last, of one cluster. */
export async function readRunsOfCluster(
  db: Queryable,
  clusterId: string,
): Promise<{ open: readonly Run[]; last: Run | null }> {
  const open = await db
    .selectFrom('run')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('state', 'not in', terminalRunStates)
    .orderBy('number')
    .limit(10)
    .execute();
  const last = await db
    .selectFrom('run')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('state', 'in', terminalRunStates)
    .orderBy('finished_at', 'desc')
    .executeTakeFirst();
  return { open: open.map(toRun), last: last === undefined ? null : toRun(last) };
}

/** Names of the people who may approve on a cluster, but for the one who asked; at most `limit`. */
export async function listApprovers(
  db: Queryable,
  where: { clusterId: string; environment: string; exceptPersonId: string; limit: number },
): Promise<readonly string[]> {
  const approving: readonly Role[] = ['APPROVER', 'ADMIN'];
  const rows = await db
    .selectFrom('role_binding')
    .innerJoin('person', 'person.id', 'role_binding.person_id')
    .select('person.name')
    .distinct()
    .where('role', 'in', approving)
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
  return rows.map((row) => row.name);
}

/** When anything was last heard of a run. */
export async function readLastEventAt(db: Queryable, runId: string): Promise<Date | null> {
  const row = await db
    .selectFrom('run_event')
    .select('at')
    .where('run_id', '=', runId)
    .orderBy('sequence', 'desc')
    .executeTakeFirst();
  return row?.at ?? null;
}

/**
 * The node of a cluster that a person means by `be 10.0.0.11:9050`, an address, a host and port, or an id. Exact only:
 * what is typed decides what is stopped.
 */
export async function findNodeByWord(
  db: Queryable,
  clusterId: string,
  word: string,
): Promise<{ node: ClusterNode } | { candidates: readonly ClusterNode[]; isAmbiguous: boolean }> {
  const nodes = await listNodes(db, clusterId);
  const wanted = word.trim().replace(/\s+/g, ' ').toLowerCase();
  const matching = nodes.filter((node) => namesOfNode(node).some((name) => name.toLowerCase() === wanted));
  const [only, second] = matching;
  if (only !== undefined && second === undefined) return { node: only };
  const isAmbiguous = matching.length > 0;
  return { candidates: isAmbiguous ? matching : nodes, isAmbiguous };
}
