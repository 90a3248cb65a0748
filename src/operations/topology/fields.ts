import { z } from 'zod';
import { parseNodeAddress } from '../../domain/topology-change/address.ts';

/** A node by the address that the cluster is told. */
export const nodeAddress = z
  .string()
  .max(300)
  .refine((text) => parseNodeAddress(text) !== null, 'host:port; an IPv6 address stands in brackets')
  .meta({
    description:
      'host:port, with the edit-log port of a frontend (9010) or the heartbeat port of the others (9050, not be_port).',
  });
