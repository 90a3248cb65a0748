import { type Selectable, sql } from 'kysely';
import type { LastLook, Probe, ProbeSample } from '../../domain/probe.ts';
import type { Reader } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';
import { nodesShape, notJudgedOf, pendingShape, toProbes } from '../probes/probe-rows.ts';
import { readable } from '../readable.ts';

/** The recent past of these clusters, which the caller has read with their rights, newest first; one statement for all. */
export async function samplesOfClusters(
  db: Reader,
  { clusterIds, limit }: { clusterIds: readonly string[]; limit: number },
): Promise<readonly ProbeSample[]> {
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom('probe_sample')
        .selectAll()
        .select(sql<number>`ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY fence DESC)`.as('place'))
        .where('cluster_id', 'in', clusterIds)
        .as('numbered'),
    )
    .select(['cluster_id', 'fence', 'at', 'duration_ms', 'ok', 'problem', 'leader', 'alive', 'total'])
    .where('place', '<=', limit)
    .orderBy('cluster_id')
    .orderBy('fence', 'desc')
    .execute();
  return rows.map((row) => ({
    clusterId: row.cluster_id,
    at: row.at,
    durationMs: row.duration_ms,
    ok: row.ok === 1,
    problem: row.problem,
    leader: row.leader,
    aliveNodes: row.alive,
    totalNodes: row.total,
  }));
}

/** The last probe of each of these clusters, which the caller has read with their rights; none for one never probed. */
export async function lastProbesOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly Probe[]> {
  const rows = await db.selectFrom('probe').selectAll().where('cluster_id', 'in', clusterIds).execute();
  return toProbes(rows);
}

/**
 * The last look at each of these clusters, which the caller has read with their rights; one that was never looked at, or
 * whose last look cannot be read, has none.
 */
export async function lastLooksOfClusters(db: Reader, clusterIds: readonly string[]): Promise<readonly LastLook[]> {
  const rows = await db.selectFrom('probe').selectAll().where('cluster_id', 'in', clusterIds).execute();
  return readable(rows, toLook, () => undefined).flat();
}

function toLook({ at, ok, ...row }: Selectable<Tables['probe']>): LastLook[] {
  if (at === null || ok === null) return [];
  return [
    {
      ...{ clusterId: row.cluster_id, at, dueAt: row.due_at, ok: ok === 1, problem: row.problem },
      nodes: fromJson(nodesShape, row.nodes),
      pending: fromJson(pendingShape, row.pending),
      notJudged: notJudgedOf(row),
    },
  ];
}
