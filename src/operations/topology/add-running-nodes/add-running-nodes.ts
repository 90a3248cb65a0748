import { z } from 'zod';
import { readHostAddresses } from '../../../adapters/host-addresses.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { parseNodeAddress } from '../../../domain/topology-change/address.ts';
import { defineOperation } from '../../define.ts';
import { clusterId } from '../../input/fields.ts';
import { nodeAddress } from '../fields.ts';
import { checkAdded, checkLeft } from '../post-check.ts';
import { addToCluster } from '../steps/add-to-cluster.ts';
import { awaitJoined } from '../steps/await-joined.ts';
import { decommissionAdded, dropFromCluster } from '../steps/leave-cluster.ts';
import { planAddRunningNodes } from './plan.ts';

const input = z.object({
  clusterId,
  kind: z.enum(['FOLLOWER', 'OBSERVER', 'BACKEND', 'COMPUTE_NODE']).meta({
    description: 'What the nodes are, all of them.',
    values: {
      FOLLOWER: 'Frontends that vote and may lead.',
      OBSERVER: 'Frontends that never vote.',
      BACKEND: 'Backends, which hold tablets and run queries.',
      COMPUTE_NODE: 'Compute nodes, which run queries.',
    },
  }),
  nodes: z.array(nodeAddress).min(1).max(50).meta({
    description: 'The nodes, each as host:port (edit-log port of a frontend, heartbeat port of the others).',
  }),
});

export const addRunningNodes = defineOperation({
  name: 'addRunningNodes',
  title: 'Add running nodes',
  version: 1,
  summary: 'Tell a cluster of nodes that somebody installed and started already, and wait until it sees them alive.',
  permission: 'cluster:scale',
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: { clusterId: 'clu_01J00000000000000000000000', kind: 'BACKEND', nodes: ['10.0.0.14:9050'] },
  slack: {
    verb: 'add-running',
    positional: ['clusterId', 'kind', 'nodes'],
    examples: [
      'add-running prod-eu backend 10.0.0.14:9050 10.0.0.15:9050',
      'add-running prod-eu observer 10.0.0.4:9010 --dry-run',
    ],
  },
  steps: [addToCluster, awaitJoined, decommissionAdded, dropFromCluster],
  observe: async ({ nodes }, { sql, signal }) => {
    const wanted = nodes.map((text) => {
      const at = parseNodeAddress(text);
      if (at === null) throw new Error(`${text} passed the input and cannot be read`);
      return at;
    });
    const [topology, resolved] = await Promise.all([
      readTopology(sql, { signal }),
      Promise.all(wanted.map(({ host }) => readHostAddresses(host, signal))),
    ]);
    return {
      nodes: toObservedNodes(topology),
      wanted: wanted.map((at, index) => ({ at, resolved: resolved[index] ?? null })),
    };
  },
  plan: (given, facts) => planAddRunningNodes(given, facts),
  postCheck: (_input, reading, run) => checkAdded(reading, run),
  endCheck: (_input, reading, run) => checkLeft(reading, run),
});
