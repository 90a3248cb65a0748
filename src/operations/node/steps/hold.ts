import { z } from 'zod';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';
import { awaitNode, awaitVersion } from './await-back.ts';

/** A person looks at the first node before the others follow. */
export const holdForPerson = defineStep({
  kind: 'holdForPerson',
  params: z.object({ message: z.string() }),
  about: () => theCluster,
  effect: 'waits',
  needs: { seen: [awaitVersion, awaitNode] },
  ports: [],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Wait until a person has looked and resumes the run',
  // The message says what became of the node: true once the cluster has said so.
  check: async ({ message }, _ports, { found }) => ({
    state: 'hold',
    message: found.seen === null ? `Not seen on the cluster: ${message}` : message,
  }),
  undo: { nothing: 'It only waits.' },
});
