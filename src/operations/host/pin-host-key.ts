import { z } from 'zod';
import { defineStep } from '../../steps/define.ts';

export const pinHostKey = defineStep({
  kind: 'pinHostKey',
  params: z.object({ address: z.string(), port: z.number(), fingerprint: z.string() }),
  about: ({ address, port }) => ({ kind: 'host', id: null, label: `${address}:${port}` }),
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ address, port, fingerprint }) => `Trust the SSH key ${fingerprint} of ${address}:${port} from now on`,
  check: async ({ address, port, fingerprint }, { inventory }, { clusterId }) =>
    (await inventory.findPinnedKey(clusterId, address, port)) === fingerprint ? { state: 'done' } : { state: 'todo' },
  apply: async (key) => ({ state: 'done', records: [{ record: 'hostKeyPinned', key }] }),
  undo: { impossible: 'Which key was trusted before is not kept; accept the right one instead' },
});
