import type { NodeProbe, Probe } from '../../domain/probe.ts';
import { type Claim, claimDue, isDue, isOurs } from '../claims.ts';
import { type Database, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { fromJson } from '../json.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { nodesShape, toProbes } from './probe-rows.ts';

/** The right to probe one cluster now. */
export type ProbeClaim = Claim & {
  readonly clusterId: string;
  /** What the last probe saw of the nodes. */
  readonly before: readonly NodeProbe[];
};

export type ProbeClaimRequest = {
  readonly clusterId: string;
  readonly holder: string;
  /** How long nobody else can probe it; longer than a probe takes. */
  readonly claimMs: number;
  /** When the probe after this one is due. */
  readonly nextInMs: number;
  /** Told when what the last probe saw cannot be read: the cluster is probed all the same. */
  readonly damaged?: OnDamaged;
};

/** Clusters whose probe is due and that nobody probes, but for these; those that were never probed first. */
export async function listDueProbes(
  db: Database,
  limit: number,
  { except = [] }: { readonly except?: readonly string[] } = {},
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .leftJoin('probe', 'probe.cluster_id', 'cluster.id')
    .select('cluster.id')
    .where((row) => row.or([row('probe.cluster_id', 'is', null), isDue('probe')]))
    .$if(except.length > 0, (query) => query.where('cluster.id', 'not in', except))
    .orderBy('probe.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Claims the next probe of a cluster; null when it is not due any more, or somebody else has claimed it. */
export async function claimProbe(db: Database, request: ProbeClaimRequest): Promise<ProbeClaim | null> {
  const { clusterId, holder, claimMs, nextInMs, damaged = () => undefined } = request;
  const claim = await claimDue(db, { table: 'probe', id: clusterId, holder, forMs: claimMs, nextInMs });
  if (claim === null) return claimFirstProbe(db, request);
  const row = await db.selectFrom('probe').select('nodes').where(isOurs(claim)).executeTakeFirst();
  if (row === undefined) return null;
  const [before = []] = readable([row.nodes], (nodes) => fromJson(nodesShape, nodes), damaged);
  return { ...claim, clusterId, before };
}

async function claimFirstProbe(
  db: Database,
  { clusterId, holder, claimMs, nextInMs }: ProbeClaimRequest,
): Promise<ProbeClaim | null> {
  try {
    await db
      .insertInto('probe')
      .values({
        cluster_id: clusterId,
        due_at: databaseNowPlus(nextInMs),
        claimed_by: holder,
        fence: 1,
        claimed_until: databaseNowPlus(claimMs),
        at: null,
        duration_ms: null,
        ok: null,
        problem: null,
        leader: null,
        nodes: '[]',
        pending: '[]',
        not_judged: null,
      })
      .execute();
    return { table: 'probe', id: clusterId, clusterId, holder, fence: 1, before: [] };
  } catch (error) {
    if (isDuplicateKey(error)) return null; // somebody else has claimed it, or had a moment ago
    throw error;
  }
}

/** The last probe of each of these clusters; a cluster that was never probed has none. One statement for all. */
export async function listProbes(db: Queryable, clusterIds: readonly string[]): Promise<readonly Probe[]> {
  if (clusterIds.length === 0) return [];
  const rows = await db.selectFrom('probe').selectAll().where('cluster_id', 'in', clusterIds).execute();
  return toProbes(rows);
}

/** Clusters that were probed and are not registered any more. */
export async function listAbandonedProbes(db: Database): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('probe')
    .leftJoin('cluster', 'cluster.id', 'probe.cluster_id')
    .select('probe.cluster_id')
    .where('cluster.id', 'is', null)
    .limit(100)
    .execute();
  return rows.map((row) => row.cluster_id);
}

export const pruneBatch = 5_000;

/** Removes old samples, at most `pruneBatch` at a time so that no lock is held for long; answers how many. */
export async function pruneProbeSamples(db: Database, olderThanMs: number): Promise<number> {
  return inTransaction(db, async (tx) => {
    const result = await tx
      .deleteFrom('probe_sample')
      .where('at', '<', databaseNowPlus(-olderThanMs))
      .limit(pruneBatch)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  });
}
