import type { Selectable } from 'kysely';
import { z } from 'zod';
import { severities } from '../../domain/alert.ts';
import type { Pending } from '../../domain/alert-life.ts';
import { nodeKinds } from '../../domain/cluster.ts';
import type { NodeProbe, NotJudged, Probe } from '../../domain/probe.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';
import { readable } from '../readable.ts';

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
      settles: z.object({ until: time, runNumber: z.number() }).exactOptional(),
      ripens: z
        .object({ title: z.string(), severity: z.enum(severities), forMs: z.number(), minSamples: z.number() })
        .exactOptional(),
    })
    .transform(({ seenAt, ...pending }) => ({ ...pending, seenAt: seenAt ?? pending.since })),
);

const notJudgedShape: z.ZodType<NotJudged[]> = z.array(
  z.object({
    rule: z.string(),
    labels: z.record(z.string(), z.string()).nullable(),
    because: z.string(),
    more: z.number().exactOptional(),
  }),
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
    unjudged: z.object({ rules: z.number(), because: z.string() }).exactOptional(),
  }),
);

/**
 * The last probes of several clusters; none for a cluster whose first probe has not ended. What cannot be read was not seen:
 * until the next probe nothing is known of that cluster, and the others are as they are.
 */
export function toProbes(rows: readonly Selectable<Tables['probe']>[]): Probe[] {
  return readable(rows, toProbe, () => undefined).flat();
}

function toProbe(row: Selectable<Tables['probe']>): Probe[] {
  const { at, duration_ms: durationMs, ok } = row;
  if (at === null || durationMs === null || ok === null) return [];
  // Whoever reads a probe takes what it could not judge from the same row: it counts as a whole or not at all.
  notJudgedOf(row);
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

export function notJudgedOf({ not_judged: text }: Pick<Selectable<Tables['probe']>, 'not_judged'>): NotJudged[] {
  return text === null ? [] : fromJson(notJudgedShape, text);
}
