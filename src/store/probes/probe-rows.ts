import type { Selectable } from 'kysely';
import { z } from 'zod';
import { nodeKinds } from '../../domain/cluster.ts';
import type { NodeProbe, Probe } from '../../domain/probe.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

export const nodesShape: z.ZodType<NodeProbe[]> = z.array(
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
