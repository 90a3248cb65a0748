import type { Reading } from '../../../adapters/reading.ts';
import { surveyMachine } from '../../../adapters/ssh/survey-host.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import type { Known } from '../../../domain/known.ts';
import { AppError } from '../../../errors.ts';
import type { Registration } from '../../define.ts';

export type MachinesInput = {
  readonly user: string;
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly sshPort: number;
  readonly addresses: readonly { readonly nodeHost: string; readonly address: string }[];
  readonly hostKeys: readonly { readonly address: string; readonly fingerprint: string }[];
};

/** One machine of the cluster, as far as anybody could look at it. */
export type MachineFacts = {
  readonly address: string;
  /** The hosts of nodes, as the cluster has them, that are reached there. */
  readonly nodeHosts: readonly string[];
  /** The key that it shows; unknown = it does not answer. */
  readonly shown: Known<string>;
  /** The key that somebody has vouched for. */
  readonly accepted: string | null;
  /** What runs there; null = nobody logged in, since its key is not accepted. */
  readonly machine: Known<MachineSurvey> | null;
};

type Looking = Pick<Reading, 'clusterId' | 'signal'> & Pick<Registration, 'readHostKey' | 'loginTo'>;

/** All machines at the same time. Nobody logs in to one whose key was not vouched for. */
export async function lookAtMachines(
  input: MachinesInput,
  nodes: readonly ObservedNode[],
  looking: Looking,
): Promise<MachineFacts[]> {
  const addressOf = (host: string) => input.addresses.find(({ nodeHost }) => nodeHost === host)?.address ?? host;
  const hosts = [...new Set(nodes.map(({ host }) => host))];
  const addresses = [...new Set(hosts.map(addressOf))];
  return Promise.all(
    addresses.map(async (address) => {
      const accepted = input.hostKeys.find((key) => key.address === address)?.fingerprint ?? null;
      const shown = await orUnknown(
        looking.signal,
        async () => (await looking.readHostKey({ address, port: input.sshPort, prefer: accepted })).fingerprint,
      );
      const isTrusted = accepted !== null && 'value' in shown && shown.value === accepted;
      const machine = isTrusted
        ? await orUnknown(looking.signal, () => survey({ address, fingerprint: accepted }, input, looking))
        : null;
      return { address, nodeHosts: hosts.filter((host) => addressOf(host) === address), shown, accepted, machine };
    }),
  );
}

async function survey(
  { address, fingerprint }: { readonly address: string; readonly fingerprint: string },
  { user, privateKey, passphrase, sshPort }: MachinesInput,
  { clusterId, loginTo, signal }: Looking,
): Promise<MachineSurvey> {
  const shell = await loginTo({
    ...{ clusterId, address, port: sshPort, user },
    auth:
      privateKey === undefined
        ? { kind: 'agent' }
        : { kind: 'key', privateKeyRef: privateKey, passphraseRef: passphrase ?? null },
    ...{ hostKeyFingerprint: fingerprint, jumpHostId: null },
  });
  return surveyMachine(shell, { paths: [], javaHomes: [] }, { signal });
}

async function orUnknown<T>(signal: AbortSignal, read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof AppError) || (error.code === 'CANCELED' && signal.aborted)) throw error;
    return { unknown: error.message };
  }
}
