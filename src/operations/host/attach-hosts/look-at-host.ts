import type { Reading } from '../../../adapters/reading.ts';
import { surveyMachine } from '../../../adapters/ssh/survey-host.ts';
import type { Host } from '../../../domain/cluster.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import type { Known } from '../../../domain/known.ts';
import { AppError } from '../../../errors.ts';
import type { Registration } from '../../define.ts';
import type { HostFacts, HostInput, LoginInput } from './host-input.ts';

type Looking = Pick<Reading, 'inventory' | 'signal'> &
  Pick<Registration, 'readHostKey' | 'loginTo'> & {
    readonly login: LoginInput;
    readonly attached: readonly Host[];
  };

/** Which key a host shows, and, where nodes are to be found there, what runs on it. */
export async function lookAtHost(clusterId: string, host: HostInput, looking: Looking): Promise<HostFacts> {
  const pinned = await looking.inventory.findPinnedKey(clusterId, host.address, host.port);
  const key = await readKey(host, pinned, looking);
  const fingerprint = host.hostKeyFingerprint ?? pinned;
  const isTrusted = fingerprint !== null && (key.shown === null || key.shown === fingerprint);
  const wanted = host.findNodes || host.nodes.some(({ deployDir }) => deployDir === undefined);
  if (!wanted || !isTrusted || key.unreachable !== null) return { pinned, ...key, machine: null };
  return { pinned, ...key, machine: await survey(clusterId, { ...host, fingerprint }, looking) };
}

async function readKey(
  { address, port, hostKeyFingerprint, jumpAddress }: HostInput,
  pinned: string | null,
  { readHostKey }: Looking,
): Promise<Pick<HostFacts, 'shown' | 'unreachable'>> {
  // Behind a jump host the key cannot be seen before the jump host itself is attached; it is compared at the login.
  if (jumpAddress !== undefined) return { shown: null, unreachable: null };
  try {
    const { fingerprint } = await readHostKey({ address, port, prefer: hostKeyFingerprint ?? pinned });
    return { shown: fingerprint, unreachable: null };
  } catch (error) {
    if (error instanceof AppError) return { shown: null, unreachable: error.message };
    throw error;
  }
}

async function survey(
  clusterId: string,
  host: HostInput & { readonly fingerprint: string },
  { login, attached, loginTo, signal }: Looking,
): Promise<Known<MachineSurvey>> {
  const jump = attached.find(({ address, port }) => address === host.jumpAddress && port === host.jumpPort);
  if (host.jumpAddress !== undefined && jump === undefined) {
    return { unknown: `nobody can look there before the jump host ${host.jumpAddress} is attached` };
  }
  try {
    const shell = await loginTo({
      ...{ clusterId, address: host.address, port: host.port, user: login.user },
      auth:
        login.privateKey === undefined
          ? { kind: 'agent' }
          : { kind: 'key', privateKeyRef: login.privateKey, passphraseRef: login.passphrase ?? null },
      hostKeyFingerprint: host.fingerprint,
      jumpHostId: jump?.id ?? null,
    });
    return { value: await surveyMachine(shell, { paths: [], javaHomes: [] }, { signal }) };
  } catch (error) {
    if (!(error instanceof AppError) || (error.code === 'CANCELED' && signal.aborted)) throw error;
    return { unknown: error.message };
  }
}
