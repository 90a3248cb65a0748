import { z } from 'zod';
import { defineOperation, type Registration } from '../../define.ts';
import {
  absolutePath,
  clusterId,
  hostAddress,
  hostKeyFingerprint,
  nodeId,
  osUserName,
  port,
  secretText,
} from '../../input/fields.ts';
import { pinHostKey } from '../pin-host-key.ts';
import { attachNodes, recordHost, verifyHost } from './attach-host.ts';
import { lookAtHost } from './look-at-host.ts';
import { planAttachHosts } from './plan.ts';
import { checkAttached } from './post-check.ts';

const sshPort = port.default(22).meta({ description: 'The SSH port, 22 by default.' });

const systemdUnit = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]*\.service$/, 'The full name of a systemd service, e.g. starrocks-be.service')
  .meta({ description: "The systemd unit that runs the node; left out: StarRocks' own scripts." });

const input = z.object({
  clusterId,
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
        address: hostAddress,
        port: sshPort,
        hostKeyFingerprint: hostKeyFingerprint
          .optional()
          .meta({ description: 'Trust this key; left out: the key must have been accepted with acceptHostKey.' }),
        jumpAddress: hostAddress
          .optional()
          .meta({ description: 'Go through this host, which must be attached already or stand earlier in the list.' }),
        jumpPort: port.default(22).meta({ description: 'The SSH port of the jump host, 22 by default.' }),
        nodes: z
          .array(
            z.object({
              nodeId,
              deployDir: absolutePath.optional().meta({
                description:
                  "The directory that holds the node's bin/ and conf/; left out: it and the unit are found by the running process, and the plan shows them.",
              }),
              unit: systemdUnit.optional(),
            }),
          )
          .max(20)
          .default([])
          .meta({ description: 'The nodes that run on this host; none for a jump host.' }),
        findNodes: z.boolean().default(false).meta({
          description:
            'Look which further nodes of the cluster run there, and tie them too; the plan shows what was found and where.',
        }),
      }),
    )
    .min(1)
    .max(200)
    .meta({ description: 'The hosts, each with its nodes.' }),
});

export const attachHosts = defineOperation({
  name: 'attachHosts',
  title: 'Attach hosts',
  version: 2,
  summary: 'Give Starwarden SSH access to the hosts of a cluster, so that it can start, stop and upgrade nodes.',
  permission: 'host:attach',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input,
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    user: 'starrocks',
    privateKey: 'file:/run/secrets/starrocks-ssh-key',
    hosts: [
      {
        address: '10.0.0.11',
        port: 22,
        hostKeyFingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
        jumpPort: 22,
        findNodes: false,
        nodes: [{ nodeId: 'nod_01J00000000000000000000000', deployDir: '/opt/starrocks/be' }],
      },
    ],
  },
  slack: null, // a private key must never be typed into a chat
  steps: [pinHostKey, recordHost, verifyHost, attachNodes],
  observe: async (given, { inventory, signal }, { checkPrivateKey, readHostKey, loginTo }) => {
    await checkKey(given, { checkPrivateKey });
    const attached = await inventory.listHosts(given.clusterId);
    const looking = { login: given, attached, inventory, readHostKey, loginTo, signal };
    return {
      nodes: await inventory.listNodes(given.clusterId),
      attached,
      hosts: await Promise.all(given.hosts.map((host) => lookAtHost(given.clusterId, host, looking))),
    };
  },
  plan: (given, facts) => planAttachHosts(given, facts),
  postCheck: (given, reading, run) => checkAttached(given, reading, run),
});

/** A key that nobody can use is refused before anything is recorded. */
async function checkKey(
  { privateKey, passphrase = null }: { privateKey?: string | undefined; passphrase?: string | null | undefined },
  { checkPrivateKey }: Pick<Registration, 'checkPrivateKey'>,
): Promise<void> {
  if (privateKey !== undefined) await checkPrivateKey({ privateKeyRef: privateKey, passphraseRef: passphrase });
}
