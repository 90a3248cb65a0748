import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { findTableOfTablet, readTableReplicas } from '../../../adapters/starrocks/read-table-replicas.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { stayingBackends } from '../../../domain/tablets/replicas.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, nodeId } from '../../input/fields.ts';
import { type BadReplicaFacts, planSetReplicaBad } from './plan.ts';
import { checkReplaced } from './post-check.ts';
import { awaitTabletWhole, markReplicaBad } from './steps.ts';

const input = z.object({
  clusterId,
  tablet: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'The number of a tablet, as ADMIN SHOW REPLICA STATUS prints it')
    .meta({ description: 'The tablet, by its number in the cluster.' }),
  nodeId: nodeId.meta({ description: 'The backend whose replica is damaged.' }),
  timeoutMinutes: z
    .int()
    .min(1)
    .max(1_440)
    .default(60)
    .meta({ description: 'How long the run waits until the replica was made anew, in minutes.' }),
});
type SetReplicaBad = z.infer<typeof input>;

export const setReplicaBad = defineOperation({
  name: 'setReplicaBad',
  title: 'Set a replica bad',
  version: 1,
  summary: 'Have StarRocks delete a damaged replica of a tablet and make it anew from the others.',
  permission: 'tablet:repair',
  risk: 'destructive',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    tablet: '10010',
    nodeId: 'nod_01J00000000000000000000000',
    timeoutMinutes: 60,
  },
  slack: {
    verb: 'replica-bad',
    positional: ['clusterId', 'tablet', 'nodeId'],
    examples: ['replica-bad prod-eu 10010 be 10.0.0.11:9050 --dry-run'],
  },
  steps: [markReplicaBad, awaitTabletWhole],
  observe,
  plan: (given, facts) => planSetReplicaBad(given, facts),
  postCheck: ({ tablet }, reading) => checkReplaced(tablet, reading),
  endCheck: ({ tablet }, reading) => checkReplaced(tablet, reading),
});

async function observe(given: SetReplicaBad, { sql, inventory, signal }: Reading): Promise<BadReplicaFacts> {
  const node = await inventory.findNode(given.nodeId);
  const { backends } = await readTopology(sql, { signal, route: 'leader' });
  const table = await findTableOfTablet(sql, Number(given.tablet), { signal });
  const isOurs = node !== null && node.clusterId === given.clusterId;
  const row = isOurs
    ? backends.find(({ host, heartbeatPort }) => host === node.host && heartbeatPort === node.port)
    : undefined;
  return {
    node: isOurs ? node : null,
    backendId: row?.id ?? null,
    table,
    replicas: table === null ? [] : ((await readTableReplicas(sql, table, { signal })) ?? []),
    staying: stayingBackends(backends),
  };
}
