import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { drainFields, leaveProcess, nodeIds, stopTimeoutSeconds } from '../fields.ts';

export const decommissionInput = z.object({
  clusterId,
  nodeIds: nodeIds.meta({ description: 'The backends that are to leave, by their opaque ids.' }),
  leaveProcess,
  ...drainFields,
  stopTimeoutSeconds,
});
export type DecommissionInput = z.infer<typeof decommissionInput>;
