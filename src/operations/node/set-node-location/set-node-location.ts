import { z } from 'zod';
import type { Reading } from '../../../adapters/reading.ts';
import { readRunMode, readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { locationPattern } from '../../../domain/topology-change/location.ts';
import { defineOperation } from '../../define.ts';
import { clusterId, nodeId } from '../../input/fields.ts';
import { labelBackend } from './label-backend.ts';
import { type LocationFacts, planSetNodeLocation, type SetNodeLocation } from './plan.ts';
import { checkLocations } from './post-check.ts';

const input = z.object({
  clusterId,
  nodeIds: z.array(nodeId).min(1).max(200).meta({ description: 'The backends that stand in the same place.' }),
  location: z
    .string()
    .max(255)
    .regex(locationPattern, 'A key and a value of lower-case letters, digits and underscores, such as rack:r1')
    .optional()
    .meta({ description: 'Where they stand, as `rack:r1`; left out only together with `clear`.' }),
  clear: z.boolean().default(false).meta({ description: 'Take their location away instead.' }),
});

export const setNodeLocation = defineOperation({
  name: 'setNodeLocation',
  title: 'Say where backends stand',
  version: 1,
  summary: 'Set labels.location of backends, the failure domain over which StarRocks spreads replicas.',
  permission: 'cluster:scale',
  // StarRocks may move every replica of tables that are spread by location.
  risk: 'high',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    nodeIds: ['nod_01J00000000000000000000000'],
    location: 'rack:r1',
    clear: false,
  },
  slack: {
    verb: 'location',
    positional: ['clusterId', 'nodeIds'],
    examples: ['location prod-eu 10.0.0.11,10.0.0.12 --location rack:r1', 'location prod-eu 10.0.0.11 --clear'],
  },
  steps: [labelBackend],
  observe,
  plan: planSetNodeLocation,
  postCheck: checkLocations,
  endCheck: checkLocations,
});

async function observe(given: SetNodeLocation, reading: Reading): Promise<LocationFacts> {
  const { sql, signal, inventory, clusterId: id } = reading;
  const [{ frontends, backends }, runMode, known] = await Promise.all([
    readTopology(sql, { signal }),
    readRunMode(sql, { signal }),
    inventory.listNodes(id),
  ]);
  return {
    runMode,
    leaderVersion: frontends.find(({ role, alive }) => role === 'LEADER' && alive)?.version?.text ?? null,
    nodes: given.nodeIds.map((wanted) => {
      const node = known.find((each) => each.id === wanted) ?? null;
      const row = backends.find(
        ({ host, heartbeatPort }) =>
          node !== null && node.kind === 'BACKEND' && host === node.host && heartbeatPort === node.port,
      );
      return { nodeId: wanted, node, now: row === undefined ? null : { location: row.location } };
    }),
  };
}
