import { z } from 'zod';
import { type Actor, rolesWith } from '../../domain/access.ts';
import { type Cluster, type ClusterNode, namesOfNode, nodeLabel } from '../../domain/cluster.ts';
import { type Run, terminalRunStates } from '../../domain/run.ts';
import { toCluster, toNode } from '../clusters/cluster-rows.ts';
import { listNodes } from '../clusters/inventory.ts';
import type { Queryable } from '../database.ts';
import { fromJson } from '../json.ts';
import { isVisible, visibilityOf } from '../reads/visibility.ts';
import { toRun } from '../runs/run-rows.ts';

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

/** Somebody who may say yes; `slackUser` is their account in the workspace, the newest when there are several. */
export type Approver = { readonly personId: string; readonly name: string; readonly slackUser: string | null };

/** Who may approve on a cluster, but for the one who asked, by name; at most `limit`. */
export async function listApprovers(
  db: Queryable,
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

/** Something that a person asked of a run on its way. */
export type Decision = {
  readonly id: number;
  readonly at: Date;
  readonly action: (typeof decisions)[number];
  readonly by: string;
  readonly comment: string | null;
};

export const decisions = ['cancelRun', 'pauseRun', 'resumeRun', 'retryRun', 'undoRun'] as const;
const withComment = z.looseObject({ comment: z.string().optional() });

/** What was asked of a run and granted, oldest first; approvals are votes. */
export async function listDecisions(db: Queryable, runId: string): Promise<readonly Decision[]> {
  const rows = await db
    .selectFrom('audit_event')
    .select(['id', 'at', 'action', 'actor_name', 'detail'])
    .where('run_id', '=', runId)
    .where('action', 'in', decisions)
    .where('outcome', '=', 'DONE')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    action: z.enum(decisions).parse(row.action),
    by: row.actor_name,
    comment: row.detail === null ? null : (fromJson(withComment, row.detail).comment ?? null),
  }));
}

/** What people call the things that have these ids: a cluster's name, a node's label, a host's address, `R-12`. */
export async function readNames(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const of = (prefix: string) => ids.filter((id) => id.startsWith(`${prefix}_`));
  const names = new Map<string, string>();
  if (of('clu').length > 0) {
    const rows = await db.selectFrom('cluster').select(['id', 'name']).where('id', 'in', of('clu')).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  if (of('nod').length > 0) {
    const rows = await db.selectFrom('cluster_node').selectAll().where('id', 'in', of('nod')).execute();
    for (const node of rows.map(toNode)) names.set(node.id, nodeLabel(node));
  }
  if (of('hst').length > 0) {
    const rows = await db.selectFrom('host').select(['id', 'address']).where('id', 'in', of('hst')).execute();
    for (const { id, address } of rows) names.set(id, address);
  }
  if (of('run').length > 0) {
    const rows = await db.selectFrom('run').select(['id', 'number']).where('id', 'in', of('run')).execute();
    for (const { id, number } of rows) names.set(id, `R-${number}`);
  }
  if (of('per').length > 0) {
    const rows = await db.selectFrom('person').select(['id', 'name']).where('id', 'in', of('per')).execute();
    for (const { id, name } of rows) names.set(id, name);
  }
  return names;
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
