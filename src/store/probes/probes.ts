import type { Selectable } from 'kysely';
import { z } from 'zod';
import { nodeKinds } from '../../domain/cluster.ts';
import type { NodeProbe, Probe } from '../../domain/probe.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';
import { isDuplicateKey } from '../store-errors.ts';

/** The right to look at one cluster now. Whatever is recorded names its fence, as with the lease of a run. */
export type ProbeClaim = {
  readonly clusterId: string;
  readonly owner: string;
  readonly fence: number;
  /** What the last look found about the nodes. */
  readonly before: readonly NodeProbe[];
};

export type ClaimRequest = {
  readonly clusterId: string;
  readonly owner: string;
  /** For so long nobody else looks; longer than a look takes. Who dies meanwhile has lost it by then. */
  readonly claimMs: number;
  /** When the look after this one is due. */
  readonly nextInMs: number;
};

const nodesShape: z.ZodType<NodeProbe[]> = z.array(
  z.object({
    kind: z.enum(nodeKinds),
    host: z.string(),
    port: z.number(),
    alive: z.boolean().nullable(),
    httpProblem: z.string().nullable(),
    httpFailures: z.number(),
    silentSince: z.iso
      .datetime()
      .transform((text) => new Date(text))
      .nullable(),
  }),
);

/** Clusters whose look is due and that nobody looks at; those that were never looked at first. */
export async function listDueProbes(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('cluster')
    .leftJoin('probe', 'probe.cluster_id', 'cluster.id')
    .select('cluster.id')
    .where((row) =>
      row.or([
        row('probe.cluster_id', 'is', null),
        row.and([
          row('probe.due_at', '<=', databaseNow),
          row.or([row('probe.claimed_until', 'is', null), row('probe.claimed_until', '<', databaseNow)]),
        ]),
      ]),
    )
    .orderBy('probe.due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** Takes the next look at a cluster; null when it is not due any more, or somebody else has it. The database's clock decides. */
export async function claimProbe(db: Database, request: ClaimRequest): Promise<ProbeClaim | null> {
  const { clusterId, owner, claimMs, nextInMs } = request;
  const result = await db
    .updateTable('probe')
    .set((row) => ({
      claimed_by: owner,
      fence: row('fence', '+', 1),
      claimed_until: databaseNowPlus(claimMs),
      due_at: databaseNowPlus(nextInMs),
    }))
    .where('cluster_id', '=', clusterId)
    .where('due_at', '<=', databaseNow)
    .where((row) => row.or([row('claimed_until', 'is', null), row('claimed_until', '<', databaseNow)]))
    .executeTakeFirst();
  if (result.numUpdatedRows === 0n) return claimFirstProbe(db, request);
  const row = await db
    .selectFrom('probe')
    .select(['fence', 'nodes'])
    .where('cluster_id', '=', clusterId)
    .where('claimed_by', '=', owner)
    .executeTakeFirst();
  return row === undefined ? null : { clusterId, owner, fence: row.fence, before: fromJson(nodesShape, row.nodes) };
}

async function claimFirstProbe(db: Database, { clusterId, owner, claimMs, nextInMs }: ClaimRequest) {
  try {
    await db
      .insertInto('probe')
      .values({
        cluster_id: clusterId,
        due_at: databaseNowPlus(nextInMs),
        claimed_by: owner,
        fence: 1,
        claimed_until: databaseNowPlus(claimMs),
        at: null,
        duration_ms: null,
        ok: null,
        problem: null,
        leader: null,
        nodes: '[]',
        pending: '[]',
      })
      .execute();
    return { clusterId, owner, fence: 1, before: [] };
  } catch (error) {
    if (isDuplicateKey(error)) return null; // somebody has it, or had it a moment ago
    throw error;
  }
}

/** Gives a claim back unused, if it is still ours: the look is due at once, for whoever goes on. */
export async function releaseProbe(db: Database, claim: ProbeClaim): Promise<void> {
  await db
    .updateTable('probe')
    .set({ claimed_until: null, claimed_by: null, due_at: databaseNow })
    .where('cluster_id', '=', claim.clusterId)
    .where('claimed_by', '=', claim.owner)
    .where('fence', '=', claim.fence)
    .execute();
}

/** The last look at each of these clusters that was looked at; one statement for all. */
export async function listProbes(db: Queryable, clusterIds: readonly string[]): Promise<readonly Probe[]> {
  if (clusterIds.length === 0) return [];
  const rows = await db.selectFrom('probe').selectAll().where('cluster_id', 'in', clusterIds).execute();
  return rows.flatMap(toProbe);
}

/** Clusters that were looked at and are not registered any more. */
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

/** Removes old samples, `pruneBatch` at most so that no long lock arises; answers how many. */
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

function toProbe(row: Selectable<Tables['probe']>): Probe[] {
  const { at, duration_ms: durationMs, ok } = row;
  if (at === null || durationMs === null || ok === null) return [];
  return [
    {
      clusterId: row.cluster_id,
      at,
      durationMs,
      ok: ok === 1,
      problem: row.problem,
      leader: row.leader,
      nodes: fromJson(nodesShape, row.nodes),
    },
  ];
}
