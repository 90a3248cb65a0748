import { z } from 'zod';
import { locationPattern } from '../../../domain/topology-change/location.ts';
import { absolutePath, hostAddress, nodeId } from '../../input/fields.ts';
import { leaveProcess, newNodeFields, stopTimeoutSeconds, storagePath } from '../fields.ts';

const { hosts: _hosts, ...newNode } = newNodeFields;

/** The fields that every replacement has: the node that leaves, and what the one that comes is to be. */
export const replacementFields = {
  ...newNode,
  nodeId: nodeId.meta({ description: 'The node that leaves, by its opaque id.' }),
  host: hostAddress.meta({
    description: 'The attached host where the new node is installed; the cluster knows the node by this address.',
  }),
  leaveProcess,
  stopTimeoutSeconds,
};

export const metaDir = absolutePath.meta({
  description:
    'Of a frontend: where the new one keeps its metadata: an empty directory, or one that is not there yet, outside of deployDir.',
});

/** What only a backend has. */
export const storageFields = {
  storage: z.array(storagePath).max(50).default([]).meta({
    description: 'Of a backend: where the new one keeps its data, as in storage_root_path: empty directories.',
  }),
  location: z.string().max(255).regex(locationPattern, 'key:value in lower case, e.g. rack:r1').optional().meta({
    description: 'Of a backend: where the new one stands; needed when the old one has a location.',
  }),
};

/** How long tablets may take to move, and what may be worse afterwards. */
export const drainFields = {
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
    .meta({ description: 'After how long a drain that has not ended is cancelled, in seconds.' }),
  stallAfterSeconds: z.int().min(1).max(86_400).default(180).meta({
    description: 'After how long without a tablet that left the reasons are looked for, in seconds.',
  }),
};
