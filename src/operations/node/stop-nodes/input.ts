import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { graceful, stopTimeoutSeconds, whichNodes } from '../input.ts';

export const stopNodesInput = z.object({
  clusterId,
  ...whichNodes,
  shutDown: z.string().max(40).optional().meta({
    description: "Stops every node of the cluster: the cluster's name, typed. Nobody can log in until startNodes.",
  }),
  graceful,
  stopTimeoutSeconds,
  acceptDowntime: z.boolean().default(false).meta({
    description: 'Go on although tables cannot be read or written, or no query can run, until they are started.',
  }),
});
export type StopNodesInput = z.infer<typeof stopNodesInput>;
