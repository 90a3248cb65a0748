import { z } from 'zod';
import type { Cluster } from '../../../domain/cluster.ts';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

const known = z.object({
  name: z.string(),
  environment: z.string(),
  sqlUser: z.string(),
  passwordRef: z.string(),
  seeds: z.array(z.object({ host: z.string(), port: z.number() })),
  tls: z.object({ verify: z.boolean(), ca: z.string().nullable() }).nullable(),
});

/** What a person told Starwarden about a cluster, as opposed to what Starwarden read there. */
export type KnownCluster = z.infer<typeof known>;

/** That part of a cluster's row. */
export function knownOf({ name, environment, sqlUser, passwordRef, seeds, tls }: Cluster): KnownCluster {
  return { name, environment, sqlUser, passwordRef, seeds: seeds.map(({ host, port }) => ({ host, port })), tls };
}

/** Whether the two say the same about a cluster. */
export function isSameKnown(a: KnownCluster, b: KnownCluster): boolean {
  return JSON.stringify(known.parse(a)) === JSON.stringify(known.parse(b));
}

/** Writes the cluster's name and how it is reached anew. Changes nothing on the cluster. */
export const changeCluster = defineStep({
  kind: 'changeCluster',
  params: z.object({ before: known, after: known }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ after }) => `Remember how ${after.name} is called and reached`,
  check: async ({ before, after }, { inventory }, { clusterId }) => {
    const cluster = await inventory.findCluster(clusterId);
    if (cluster !== null && isSameKnown(knownOf(cluster), after)) return { state: 'done' };
    if (cluster !== null && isSameKnown(knownOf(cluster), before)) return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: cluster === null ? 'The cluster was unregistered meanwhile' : 'The cluster was changed meanwhile',
      hint: 'Look at it, and ask again.',
    };
  },
  apply: async ({ after }) => ({ state: 'done', records: [{ record: 'clusterChanged', cluster: after }] }),
  undo: {
    impossible: 'A password that was replaced is destroyed; update the cluster again with the values from before',
  },
});
