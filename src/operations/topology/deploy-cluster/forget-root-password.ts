import { z } from 'zod';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

/** Starwarden works as its own user; what opens everything is not kept. */
export const forgetRootPassword = defineStep({
  kind: 'forgetRootPassword',
  params: z.object({ rootPasswordRef: z.string() }),
  about: () => theCluster,
  effect: 'changes',
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Forget the password of root: Starwarden works as its own user',
  check: async () => ({ state: 'todo' }),
  apply: async ({ rootPasswordRef }) => ({
    state: 'done',
    records: [{ record: 'secretSpent', ref: rootPasswordRef }],
  }),
  undo: { nothing: 'The whole cluster is thrown away without it.' },
});
