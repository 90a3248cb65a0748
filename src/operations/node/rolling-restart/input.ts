import { z } from 'zod';
import { clusterId } from '../../input/fields.ts';
import { acceptWarnings, gateTimeoutSeconds, graceful, stopTimeoutSeconds, whichNodes } from '../input.ts';

export const rollingRestartInput = z.object({
  clusterId,
  ...whichNodes,
  all: z.boolean().default(false).meta({ description: 'Every node of the cluster.' }),
  graceful,
  parallel: z
    .int()
    .min(1)
    .max(50)
    .default(1)
    .meta({ description: 'How many backends of one failure domain (labels.location) may be away at a time.' }),
  stopTimeoutSeconds,
  gateTimeoutSeconds,
  soakSeconds: z.int().min(0).max(86_400).default(60).meta({
    description: 'How long the cluster is watched after the first node, in seconds; 0 = queries are not watched.',
  }),
  gateFactor: z.int().min(1).max(100).default(3).meta({
    description: 'How many times worse than before errors and latency of queries may be after a node is back.',
  }),
  pauseAfterFirst: z.boolean().default(false).meta({
    description: 'Pause after the first backend or compute node, until a person has looked and resumes the run.',
  }),
  skipDown: z
    .boolean()
    .default(false)
    .meta({ description: 'Leave nodes that are down as they are; without it, a node that is down refuses the run.' }),
  maxRunningQueries: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(20)
    .meta({ description: 'More queries than this at the moment are a warning.' }),
  acceptWarnings,
});
export type RollingRestartInput = z.infer<typeof rollingRestartInput>;

export const rollingRestartExample: RollingRestartInput = {
  clusterId: 'clu_01J00000000000000000000000',
  kinds: ['BACKEND'],
  all: false,
  graceful: true,
  parallel: 1,
  stopTimeoutSeconds: 600,
  gateTimeoutSeconds: 900,
  soakSeconds: 60,
  gateFactor: 3,
  pauseAfterFirst: false,
  skipDown: false,
  maxRunningQueries: 50,
  acceptWarnings: ['conf-changed'],
};
