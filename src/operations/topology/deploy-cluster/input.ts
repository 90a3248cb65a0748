import { z } from 'zod';
import { locationPattern } from '../../../domain/topology-change/location.ts';
import {
  absolutePath,
  clusterName,
  environment,
  hostAddress,
  hostKeyFingerprint,
  osUserName,
  port,
  secretText,
} from '../../input/fields.ts';
import { confLine, newNodeFields, storagePath } from '../fields.ts';

const host = hostAddress.meta({ description: 'The host, by its address in `hosts`.' });
const deployDir = absolutePath.meta({
  description:
    'Where the release is put, e.g. /opt/starrocks/be; a directory of its own for each node, empty or absent.',
});
const conf = z.array(confLine).max(100).default([]).meta({
  description:
    'Lines for the conf file of this node, as `key = value`; they win over those for all. Ports are changed by them.',
});
const confForAll = z.array(confLine).max(100).default([]);

const worker = {
  host,
  deployDir,
  storage: z.array(storagePath).min(1).max(50).meta({
    description: 'Where it keeps its data, as in storage_root_path: empty directories, or such as are not there yet.',
  }),
};

export const deployClusterInput = z.object({
  name: clusterName,
  environment: environment.default('dev'),
  version: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\w.-]+$/, 'A version as the catalogue has it, e.g. 3.5.0')
    .meta({ description: 'The release to install, from the catalogue.' }),
  user: osUserName,
  privateKey: secretText.optional().meta({
    secret: true,
    description:
      'The private key in OpenSSH or PEM format, by value, `env:NAME` or `file:/path`. Left out: the SSH agent of Starwarden is used.',
  }),
  passphrase: secretText
    .optional()
    .meta({ secret: true, description: 'The passphrase of the private key, if it has one.' }),
  hosts: z
    .array(
      z.object({
        address: hostAddress.meta({
          description:
            'The IP address at which the host is reached by SSH; its nodes are known to the cluster by the same one.',
        }),
        port: port.default(22).meta({ description: 'The SSH port, 22 by default.' }),
        hostKeyFingerprint: hostKeyFingerprint
          .optional()
          .meta({ description: 'The key that you vouch for; left out: the refusal shows the key, to be compared.' }),
      }),
    )
    .min(1)
    .max(100)
    .meta({ description: 'The machines. Each has at least one node.' }),
  frontends: z
    .array(
      z.object({
        host,
        deployDir,
        metaDir: absolutePath
          .optional()
          .meta({ description: 'Where it keeps its metadata; left out: `meta` in the deploy directory.' }),
        role: z
          .enum(['FOLLOWER', 'OBSERVER'])
          .default('FOLLOWER')
          .meta({
            description: 'Whether it votes for the leader; FOLLOWER by default.',
            values: { FOLLOWER: 'It votes, and may lead.', OBSERVER: 'It never votes or leads; it serves queries.' },
          }),
        conf,
      }),
    )
    .min(1)
    .max(20)
    .meta({ description: 'The frontends, one on each host; the first one begins the cluster, and is a follower.' }),
  backends: z
    .array(
      z.object({
        ...worker,
        location: z
          .string()
          .max(255)
          .regex(locationPattern, 'key:value in lower case, e.g. rack:r1')
          .optional()
          .meta({ description: 'Where it stands (labels.location, from 3.2.8), so that replicas are spread.' }),
        conf,
      }),
    )
    .min(1)
    .max(100)
    .meta({ description: 'The backends; several on one host take ports and directories of their own.' }),
  computeNodes: z
    .array(z.object({ ...worker, conf }))
    .max(100)
    .default([])
    .meta({ description: 'The compute nodes, if there are to be some.' }),
  frontendConf: confForAll.meta({ description: 'Lines for the conf file of every frontend, as `key = value`.' }),
  backendConf: confForAll.meta({
    description: 'Lines for the conf file of every backend and compute node, as `key = value`.',
  }),
  sqlUser: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'A letter, then letters, digits and underscores')
    .default('starwarden')
    .meta({ description: 'The StarRocks user that is made for Starwarden; not root.' }),
  password: secretText.meta({
    secret: true,
    description: 'The password that this user gets: its value, `env:NAME` or `file:/path`.',
  }),
  rootPassword: secretText.meta({
    secret: true,
    description: 'The password that root gets: its value, `env:NAME` or `file:/path`. It is forgotten at the end.',
  }),
  systemd: newNodeFields.systemd,
  acceptChecks: newNodeFields.acceptChecks,
});

export type DeployClusterInput = z.infer<typeof deployClusterInput>;
