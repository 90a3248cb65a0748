import { z } from 'zod';
import { clusterId, removedNodeId } from '../../input/fields.ts';

export const purgeNodeDataInput = z.object({
  clusterId,
  removedNodeIds: z.array(removedNodeId).min(1).max(50).meta({
    description: 'The nodes that have left, by the opaque ids that Cluster.removedNodes shows.',
  }),
  alsoBinaries: z.boolean().default(false).meta({
    description: 'Delete what lies in their deploy directories too: binaries, configuration, logs.',
  }),
  acceptEmptyDirs: z.boolean().default(false).meta({
    description:
      'Take a recorded directory that is empty or not there for deleted. Not when its disk is only not mounted: its data stays.',
  }),
});
export type PurgeNodeDataInput = z.infer<typeof purgeNodeDataInput>;
