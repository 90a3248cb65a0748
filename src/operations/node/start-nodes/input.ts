import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { acceptWarnings, gateTimeoutSeconds, whichNodes } from '../input.ts';

export const startNodesInput = z.object({
  clusterId,
  ...whichNodes,
  all: z.boolean().default(false).meta({ description: 'Every node that is down.' }),
  gateTimeoutSeconds,
  acceptWarnings,
});
export type StartNodesInput = z.infer<typeof startNodesInput>;
