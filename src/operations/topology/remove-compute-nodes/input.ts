import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { leaveProcess, nodeIds, stopTimeoutSeconds } from '../fields.ts';

export const removeComputeNodesInput = z.object({
  clusterId,
  nodeIds: nodeIds.meta({ description: 'The compute nodes that are to leave, by their opaque ids.' }),
  queryWaitSeconds: z.int().min(0).max(86_400).default(120).meta({
    description: 'How long to wait for queries that run there before the node is stopped, in seconds.',
  }),
  leaveProcess,
  stopTimeoutSeconds,
});
export type RemoveComputeNodesInput = z.infer<typeof removeComputeNodesInput>;
