import { z } from 'zod';
import { defineOperation } from '../../define.ts';
import { clusterId, hostAddress, hostKeyFingerprint, port } from '../../input/fields.ts';
import { pinHostKey } from '../pin-host-key.ts';

export const acceptHostKey = defineOperation({
  name: 'acceptHostKey',
  title: "Accept a host's SSH key",
  version: 1,
  summary: 'Trust this SSH key of a host from now on; any other key is refused.',
  permission: 'host:attach',
  risk: 'low',
  target: { kind: 'cluster', from: 'clusterId' },
  input: z.object({
    clusterId,
    address: hostAddress,
    port: port.default(22).meta({ description: 'The SSH port, 22 by default.' }),
    fingerprint: hostKeyFingerprint,
  }),
  example: {
    clusterId: 'clu_01J00000000000000000000000',
    address: '10.0.0.11',
    port: 22,
    fingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
  },
  slack: {
    verb: 'accept-key',
    positional: ['clusterId', 'address', 'fingerprint'],
    examples: ['accept-key prod-eu 10.0.0.11 SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU'],
  },
  steps: [pinHostKey],
  observe: async ({ address, port: sshPort, fingerprint }, _reading, { readHostKey }) => ({
    shown: (await readHostKey({ address, port: sshPort, prefer: fingerprint })).fingerprint,
  }),
  plan: ({ address, port: sshPort, fingerprint }, { shown }) => {
    if (shown !== fingerprint) {
      return {
        refusals: [
          {
            code: 'HOST_KEY_CHANGED',
            message: `${address}:${sshPort} shows the key ${shown}, not ${fingerprint}`,
            hint: 'Compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself. Somebody may stand in between.',
            path: ['input', 'fingerprint'],
          },
        ],
      };
    }
    return {
      summary: `Trust ${fingerprint} of ${address}:${sshPort}`,
      steps: [pinHostKey.with({ address, port: sshPort, fingerprint })],
    };
  },
  postCheck: async ({ clusterId: id, address, port: sshPort, fingerprint }, { inventory }) => {
    const pinned = await inventory.findPinnedKey(id, address, sshPort);
    return {
      passed: pinned === fingerprint,
      checks: [
        {
          name: 'key-pinned',
          status: pinned === fingerprint ? 'PASS' : 'FAIL',
          severity: 'BLOCK',
          observed: pinned ?? 'no key',
          wanted: fingerprint,
          hint: 'Retry the run.',
        },
      ],
    };
  },
});
