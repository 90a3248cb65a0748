import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { attachNodes, recordHost, verifyHost } from '../../host/attach-hosts/attach-host.ts';
import { pinHostKey } from '../../host/pin-host-key.ts';
import { hostAddress, hostKeyFingerprint, osUserName, port, secretText } from '../../input/fields.ts';
import { recordCluster } from '../record-cluster.ts';
import { readClusterToRegister, registration } from '../register-cluster/registration.ts';
import { saveTopology } from '../save-topology.ts';
import { lookAtMachines } from './look-at-machines.ts';
import { planAdoptCluster } from './plan.ts';
import { checkAdoptEnd, checkAdopted } from './post-check.ts';

const jumpPort = port.default(22).meta({ description: 'The SSH port of the jump host, 22 by default.' });

const input = z.object({
  ...registration,
  user: osUserName,
  privateKey: secretText.optional().meta({
    secret: true,
    description:
      'The private key in OpenSSH or PEM format, by value, `env:NAME` or `file:/path`. Left out: the SSH agent of Starwarden is used.',
  }),
  passphrase: secretText
    .optional()
    .meta({ secret: true, description: 'The passphrase of the private key, if it has one.' }),
  sshPort: port.default(22).meta({ description: 'The SSH port of every host, 22 by default.' }),
  jumpAddress: hostAddress.optional().meta({
    description:
      'Go to every host through this one, which is logged in to as the others are and attached first; it may be one of them.',
  }),
  jumpPort,
  addresses: z
    .array(
      z.object({
        nodeHost: hostAddress.meta({ description: 'The host of nodes, as SHOW FRONTENDS or SHOW BACKENDS prints it.' }),
        address: hostAddress
          .optional()
          .meta({ description: 'How that host is reached by SSH; left out: by the same address.' }),
        port: port.optional().meta({ description: 'Its SSH port; left out: sshPort.' }),
        jumpAddress: hostAddress.optional().meta({ description: 'Go to that host through this one.' }),
        jumpPort,
      }),
    )
    .max(200)
    .default([])
    .meta({
      description: 'For hosts that are reached by SSH otherwise than by the address that the cluster knows them by.',
    }),
  hostKeys: z
    .array(
      z.object({
        address: hostAddress.meta({ description: 'The address at which the host is reached by SSH.' }),
        port: port.optional().meta({ description: 'Its SSH port; left out: sshPort.' }),
        fingerprint: hostKeyFingerprint,
      }),
    )
    .max(200)
    .default([])
    .meta({
      description:
        'The SSH keys that you vouch for. Without them the refusal lists the keys of all hosts, to be compared.',
    }),
});

export const adoptCluster = defineOperation({
  name: 'adoptCluster',
  title: 'Adopt a cluster',
  version: 1,
  summary:
    'Put a running cluster under full management: read its nodes by SQL, log in to their hosts, and find where each node lies.',
  // Whoever may register may attach hosts too (domain/access.ts).
  permission: 'cluster:register',
  risk: 'low',
  target: { kind: 'new-cluster', name: 'name', environment: 'environment' },
  input,
  example: {
    name: 'prod-eu',
    environment: 'prod',
    frontends: [{ host: '10.0.0.1', port: 9030 }],
    sqlUser: 'starwarden',
    password: 'env:STARWARDEN_CRED_PROD_EU',
    user: 'starrocks',
    privateKey: 'file:/run/secrets/starrocks-ssh-key',
    sshPort: 22,
    jumpPort: 22,
    addresses: [],
    hostKeys: [{ address: '10.0.0.1', fingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU' }],
  },
  slack: null, // a password and a private key must never be typed into a chat
  steps: [recordCluster, saveTopology, recordHost, pinHostKey, verifyHost, attachNodes],
  observe: async (given, reading, tools) => {
    const { privateKey, passphrase = null } = given;
    if (privateKey !== undefined) {
      await tools.checkPrivateKey({ privateKeyRef: privateKey, passphraseRef: passphrase });
    }
    const cluster = await readClusterToRegister(given, reading, tools);
    return { cluster, machines: await lookAtMachines(given, cluster.nodes, { ...reading, ...tools }) };
  },
  plan: (given, facts) => planAdoptCluster(given, facts),
  postCheck: (given, reading, run) => checkAdopted(given.name, reading, run),
  endCheck: (_given, reading) => checkAdoptEnd(reading),
});
