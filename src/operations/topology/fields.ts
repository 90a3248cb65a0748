import { z } from 'zod';
import { parseNodeAddress } from '../../domain/topology-change/address.ts';
import { nodeId } from '../input/fields.ts';

/** A node by the address that the cluster is told. */
export const nodeAddress = z
  .string()
  .max(300)
  .refine((text) => parseNodeAddress(text) !== null, 'host:port; an IPv6 address stands in brackets')
  .meta({
    description:
      'host:port, with the edit-log port of a frontend (9010) or the heartbeat port of the others (9050, not be_port).',
  });

/** Nodes of one request. */
export const nodeIds = z.array(nodeId).min(1).max(50).meta({ description: 'The nodes, by their opaque ids.' });

export const leaveProcess = z.boolean().default(false).meta({
  description: 'Leave the process running and look at no host: for nodes whose hosts are not attached.',
});

export const stopTimeoutSeconds = z
  .int()
  .min(10)
  .max(7200)
  .default(600)
  .meta({ description: 'How long a process may take to stop, in seconds. What still runs then is killed.' });
