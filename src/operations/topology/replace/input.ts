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

const storage = z.array(storagePath).max(50).default([]);

/** What only a backend has. */
export const storageFields = {
  storage: storage.meta({
    description: 'Of a backend: where the new one keeps its data, as in storage_root_path: empty directories.',
  }),
  location: z.string().max(255).regex(locationPattern, 'key:value in lower case, e.g. rack:r1').optional().meta({
    description: 'Of a backend: where the new one stands; needed when the old one has a location.',
  }),
};

/** Of a move, which takes compute nodes too. */
export const movedStorageFields = {
  ...storageFields,
  storage: storage.meta({
    description:
      'Of a backend: where the new one keeps its data, as in storage_root_path: empty directories. Of a compute node: where it keeps its cache; none = in the deploy directory.',
  }),
};
