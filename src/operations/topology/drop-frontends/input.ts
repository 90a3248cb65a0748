import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { leaveProcess, nodeIds, stopTimeoutSeconds } from '../fields.ts';

export const dropFrontendsInput = z.object({
  clusterId,
  nodeIds: nodeIds.meta({ description: 'The frontends that are to leave, by their opaque ids.' }),
  moveLeader: z.boolean().default(false).meta({
    description: 'If one of them leads, stop it gracefully first, so that another one leads (3.4 and later).',
  }),
  leaveProcess,
  stopTimeoutSeconds,
});
export type DropFrontendsInput = z.infer<typeof dropFrontendsInput>;
