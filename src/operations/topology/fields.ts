import { z } from 'zod';
import { withoutSlash } from '../../domain/deploy/directories.ts';
import { readStorage } from '../../domain/deploy/storage-input.ts';
import { parseNodeAddress } from '../../domain/topology-change/address.ts';
import { absolutePath, clusterId, hostAddress, nodeId } from '../input/fields.ts';

export const confLine = z
  .string()
  .min(3)
  .max(2000)
  .regex(/^[^\0\n\r]*=[^\0\n\r]*$/, 'key = value, on one line')
  .meta({ description: 'A line of the conf file: key = value.' });

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
  description:
    'Leave the process running and look at no host: for nodes whose hosts are not attached, or are gone for good.',
});

export const stopTimeoutSeconds = z
  .int()
  .min(10)
  .max(7200)
  .default(600)
  .meta({ description: 'How long a process may take to stop, in seconds. What still runs then is killed.' });
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

const checkName = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9-]*$/, 'The name of a check, e.g. open-files')
  .meta({ description: 'The name of a check.' });

/** The fields that every request for new nodes has. */
export const newNodeFields = {
  clusterId,
  hosts: z.array(hostAddress).min(1).max(50).meta({
    description:
      'The attached hosts, by their SSH addresses, one new node on each; the cluster knows the node by this address.',
  }),
  version: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\w.-]+$/, 'A version as the catalogue has it, e.g. 3.5.0')
    .optional()
    .meta({
      description:
        'The release to install, from the catalogue; left out: the version that the cluster runs, which it has to be.',
    }),
  deployDir: absolutePath.meta({
    description: 'Where the release is put on each host, e.g. /opt/starrocks/be; it is empty or not there yet.',
  }),
  conf: z.array(confLine).max(100).default([]).meta({
    description: 'Lines for the conf file, as `key = value`; ports are changed by them.',
  }),
  systemd: z.boolean().default(false).meta({
    description: "Write a systemd unit for each node, which needs root there; else StarRocks' own scripts run them.",
  }),
  acceptChecks: z.array(checkName).max(20).default([]).meta({
    description: 'Checks of the hosts that may fail, by name, e.g. open-files; each is shown as a note.',
  }),
};

/** `/data1,medium:SSD`, one path of storage_root_path. */
export const storagePath = z
  .string()
  .max(1024)
  .regex(/^(\/[^\0\n\r;]*|medium:(SSD|HDD))$/i, 'An absolute path, maybe with ,medium:SSD after it')
  .meta({ description: 'A directory for data, maybe with its medium: /data1,medium:SSD.' });

/** In Slack a comma separates the items of a list, so a medium may come as the item after its path. */
export function withMedia(storage: readonly string[]): readonly string[] {
  const paths: string[] = [];
  for (const item of storage) {
    const last = paths.at(-1);
    if (item.startsWith('/') || last === undefined) paths.push(item);
    else paths[paths.length - 1] = `${last},${item}`;
  }
  return paths;
}

/** Where a worker keeps its data: in the deploy directory where nothing is named. */
export function storageDirsOf({
  deployDir,
  storage,
}: {
  deployDir: string;
  storage: readonly string[];
}): readonly string[] {
  const paths = readStorage(withMedia(storage)).storage.map(({ path }) => path);
  return paths.length === 0 ? [`${withoutSlash(deployDir)}/storage`] : paths;
}
