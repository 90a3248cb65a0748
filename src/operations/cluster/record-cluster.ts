import { z } from 'zod';
import { theCluster } from '../../domain/subject.ts';
import { defineStep } from '../../steps/define.ts';

/** Forgets a cluster: rows and secrets of our own, nothing on the cluster. */
export const forgetCluster = defineStep({
  kind: 'forgetCluster',
  params: z.object({ name: z.string() }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name }) => `Forget the cluster ${name}; nothing on it is touched`,
  check: async (_params, { inventory }, { clusterId }) =>
    (await inventory.findCluster(clusterId)) === null ? { state: 'done' } : { state: 'todo' },
  apply: async () => ({ state: 'done', records: [{ record: 'clusterRemoved' }] }),
  undo: { impossible: 'The stored credentials are destroyed; register the cluster again instead' },
});

export const recordCluster = defineStep({
  kind: 'recordCluster',
  params: z.object({
    name: z.string(),
    environment: z.string(),
    sqlUser: z.string(),
    passwordRef: z.string(),
    seeds: z.array(z.object({ host: z.string(), port: z.number() })),
    tls: z.object({ verify: z.boolean(), ca: z.string().nullable() }).nullable(),
  }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name, environment }) => `Remember the cluster ${name} (${environment})`,
  check: async ({ name }, { inventory }, { clusterId }) => {
    if ((await inventory.findCluster(clusterId)) !== null) return { state: 'done' };
    const other = await inventory.findClusterByName(name);
    if (other === null) return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'ALREADY_EXISTS',
      message: `A cluster named ${name} was registered meanwhile`,
      hint: 'Choose another name.',
    };
  },
  apply: async (cluster) => ({ state: 'done', records: [{ record: 'clusterAdded', cluster }] }),
  // An undo long after would forget hosts and credentials without the approval that unregisterCluster needs.
  undo: { impossible: 'Use unregisterCluster to forget a cluster' },
});
