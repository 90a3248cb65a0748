import { z } from 'zod';
import { defineStep } from '../../../steps/define.ts';

/** Forgets a host: rows and secrets of our own, nothing on the host. */
export const forgetHost = defineStep({
  kind: 'forgetHost',
  params: z.object({ hostId: z.string(), place: z.string() }),
  about: ({ hostId, place }) => ({ kind: 'host', id: hostId, label: place }),
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ place }) => `Forget the SSH access to ${place}; nothing on it is touched`,
  check: async ({ hostId }, { inventory }) =>
    (await inventory.findHost(hostId)) === null ? { state: 'done' } : { state: 'todo' },
  apply: async ({ hostId }) => ({ state: 'done', records: [{ record: 'hostRemoved', hostId }] }),
  undo: { impossible: 'The stored login is destroyed; attach the host again instead' },
});
