import { z } from 'zod';
import { hasSudo, readUser } from '../../../adapters/ssh/read-login.ts';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

/** Remembers a cluster that does not exist yet, before anything of it is made: so everything of it can be found again. */
export const recordNewCluster = defineStep({
  kind: 'recordNewCluster',
  params: z.object({
    name: z.string(),
    environment: z.string(),
    sqlUser: z.string(),
    passwordRef: z.string(),
    /** Its first frontend. */
    seed: z.object({ host: z.string(), port: z.number() }),
  }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name, environment }) => `Remember the new cluster ${name} (${environment}), which is not there yet`,
  check: async ({ name }, { inventory }, { clusterId }) => {
    if ((await inventory.findCluster(clusterId)) !== null) return { state: 'done' };
    if ((await inventory.findClusterByName(name)) === null) return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'ALREADY_EXISTS',
      message: `A cluster named ${name} was registered meanwhile`,
      hint: 'Choose another name.',
    };
  },
  apply: async ({ seed, ...cluster }) => ({
    state: 'done',
    records: [{ record: 'clusterAdded', cluster: { ...cluster, seeds: [seed], tls: null } }],
  }),
  undo: { planned: 'The cluster is forgotten when the run is undone.' },
});

/** Proves the login to a host of a new cluster, and remembers it with its key, under an id that the plan knows already. */
export const recordNewHost = defineStep({
  kind: 'recordNewHost',
  params: z.object({
    hostId: z.string(),
    address: z.string(),
    port: z.number(),
    user: z.string(),
    privateKeyRef: z.string().nullable(),
    passphraseRef: z.string().nullable(),
    fingerprint: z.string(),
  }),
  about: ({ address, port }) => ({ kind: 'host', id: null, label: `${address}:${port}` }),
  effect: 'changes',
  ports: ['inventory', 'login'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ address, port, user, fingerprint }) =>
    `Log in to ${address}:${port} as ${user}, and trust its SSH key ${fingerprint} from now on`,
  check: async ({ hostId, address, port }, { inventory }, { clusterId }) => {
    const host = await inventory.findHost(hostId);
    if (host === null) return { state: 'todo' };
    if (host.clusterId === clusterId) return { state: 'done' };
    return {
      state: 'blocked',
      code: 'ALREADY_EXISTS',
      message: `${address}:${port} was attached to another cluster under the same id meanwhile`,
      hint: 'Undo the run, and ask for the same again.',
    };
  },
  apply: async (given, { login }, { clusterId, signal }) => {
    const { hostId, address, port, user, privateKeyRef, passphraseRef, fingerprint } = given;
    const host = {
      ...{ address, port, user, hostKeyFingerprint: fingerprint, jumpHostId: null },
      auth:
        privateKeyRef === null ? { kind: 'agent' as const } : { kind: 'key' as const, privateKeyRef, passphraseRef },
    };
    const shell = await login({ clusterId, ...host });
    const answer = await readUser(shell, { signal, timeoutMs: 20_000 });
    const sudo = ('value' in answer && answer.value === 'root') || (await hasSudo(shell, { signal }));
    return {
      state: 'done',
      records: [
        { record: 'hostSaved', host: { id: hostId, ...host } },
        { record: 'hostKeyPinned', key: { address, port, fingerprint } },
        { record: 'hostVerified', hostId, facts: { ssh: 'OK', sudo, problem: null } },
      ],
    };
  },
  undo: { planned: 'The login is forgotten with its cluster when the run is undone.' },
});
