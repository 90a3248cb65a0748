import type { Selectable } from 'kysely';
import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import type { Pending } from '../../domain/alert-life.ts';
import { nodeKinds } from '../../domain/cluster.ts';
import type { NodeProbe, NotJudged, Probe } from '../../domain/probe.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const time = z.iso.datetime().transform((text) => new Date(text));

export const pendingShape: z.ZodType<Pending[]> = z.array(
  z
    .object({
      fingerprint: z.string(),
      rule: z.string(),
      // Rows of earlier versions have neither these nor the time when it was last seen, nor what it ripens to.
      labels: z.record(z.string(), z.string()).default({}),
      since: time,
      samples: z.number(),
      seenAt: time.nullable().default(null),
      ripens: z
        .object({ title: z.string(), severity: z.enum(severities), forMs: z.number(), minSamples: z.number() })
        .exactOptional(),
    })
    .transform(({ seenAt, ...pending }) => ({ ...pending, seenAt: seenAt ?? pending.since })),
);

export const notJudgedShape: z.ZodType<NotJudged[]> = z.array(
  z.object({ rule: z.string(), labels: z.record(z.string(), z.string()).nullable(), because: z.string() }),
);

export const nodesShape: z.ZodType<NodeProbe[]> = z.array(
  z.object({
    kind: z.enum(nodeKinds),
    host: z.string(),
    port: z.number(),
    alive: z.boolean().nullable(),
    httpProblem: z.string().nullable(),
    httpFailures: z.number(),
    silentSince: time.nullable(),
  }),
);

/** None for a cluster whose first probe has not ended. */
export function toProbe(row: Selectable<Tables['probe']>): Probe[] {
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
