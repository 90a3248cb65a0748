import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { leaveProcess, nodeIds, stopTimeoutSeconds } from '../fields.ts';

export const decommissionInput = z.object({
  clusterId,
  nodeIds: nodeIds.meta({ description: 'The backends that are to leave, by their opaque ids.' }),
  leaveProcess,
  acceptFewerDomains: z.boolean().default(false).meta({
    description: 'Go on although fewer failure domains (labels.location) would be left than replicas are spread over.',
  }),
  acceptOtherMedium: z.boolean().default(false).meta({
    description: 'Let data move to disks of another medium, if the others have no room on the same one.',
  }),
  marginPercent: z.int().min(0).max(1000).default(20).meta({
    description: 'How much more room than the data takes the others must have, in percent of that data.',
  }),
  drainTimeoutSeconds: z
    .int()
    .min(60)
    .max(30 * 86_400)
    .default(7 * 86_400)
    .meta({
      description: 'After how long the decommission of a backend that still holds tablets is cancelled, in seconds.',
    }),
  stallAfterSeconds: z.int().min(1).max(86_400).default(180).meta({
    description: 'After how long without a tablet that left the reasons are looked for, in seconds.',
  }),
  stopTimeoutSeconds,
});
export type DecommissionInput = z.infer<typeof decommissionInput>;
