import { readHostAddresses } from '../../../adapters/host-addresses.ts';
import type { Reading } from '../../../adapters/reading.ts';
import { surveyMachine } from '../../../adapters/ssh/survey-host.ts';
import { withoutSlash } from '../../../domain/deploy/directories.ts';
import type { Neighbour } from '../../../domain/deploy/found-there.ts';
import { hostIdFor } from '../../../domain/deploy/host-id.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import { readStorage } from '../../../domain/deploy/storage-input.ts';
import type { Known } from '../../../domain/known.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { AppError } from '../../../errors.ts';
import type { Registration } from '../../define.ts';
import { withMedia } from '../fields.ts';
import type { DeployClusterInput } from './input.ts';

export type DeployHostFacts = {
  /** The id that it will have. */
  readonly hostId: string;
  /** What its address resolves to; null = it could not be asked. */
  readonly resolved: readonly string[] | null;
  /** The key that it shows; unknown = it does not answer. */
  readonly shown: Known<string>;
  /** What was found there; null = nobody logged in, since nobody vouched for the key that it shows. */
  readonly machine: Known<MachineSurvey> | null;
};

export type DeployFacts = {
  readonly clusterId: string;
  readonly isNameTaken: boolean;
  readonly emptyPasswords: { readonly root: boolean; readonly own: boolean };
  /** In the order of the input. */
  readonly hosts: readonly DeployHostFacts[];
  readonly neighbours: readonly Neighbour[];
  /** The release of the catalogue; null = there is none of that version. */
  readonly release: Release | null;
  readonly approvalEnvironments: readonly string[];
};

/** A plan has 25 s in all; what a host does not answer in time is unknown, and that is a refusal. */
const surveyTimeoutMs = 12_000;

export async function observeDeployCluster(
  input: DeployClusterInput,
  reading: Reading,
  tools: Registration,
): Promise<DeployFacts> {
  const { inventory, clusterId } = reading;
  const { privateKey, passphrase = null, rootPassword, password } = input;
  if (privateKey !== undefined) await tools.checkPrivateKey({ privateKeyRef: privateKey, passphraseRef: passphrase });
  const [named, release, root, own, hosts] = await Promise.all([
    inventory.findClusterByName(input.name),
    inventory.findRelease(input.version),
    tools.isEmptySecret(rootPassword),
    tools.isEmptySecret(password),
    Promise.all(input.hosts.map((host) => lookAtHost(host, input, { reading, tools }))),
  ]);
  const neighbours = await inventory.listNeighbours({
    clusterId,
    addresses: [...new Set(input.hosts.flatMap(({ address }, index) => [address, ...(hosts[index]?.resolved ?? [])]))],
    hostKeys: hosts.flatMap(({ shown }) => ('value' in shown ? [shown.value] : [])),
  });
  return {
    clusterId,
    // The run itself may have recorded it already.
    isNameTaken: named !== null && named.id !== clusterId,
    emptyPasswords: { root, own },
    hosts,
    neighbours,
    release,
    approvalEnvironments: tools.approvalEnvironments,
  };
}

type HostInput = DeployClusterInput['hosts'][number];
type Looking = { readonly reading: Reading; readonly tools: Registration };

async function lookAtHost(
  host: HostInput,
  input: DeployClusterInput,
  { reading, tools }: Looking,
): Promise<DeployHostFacts> {
  const { address, port, hostKeyFingerprint: accepted = null } = host;
  const [hostId, resolved, shown] = await Promise.all([
    freeHostId(host, input.name, reading),
    readHostAddresses(address, reading.signal),
    orUnknown(reading.signal, async () => (await tools.readHostKey({ address, port, prefer: accepted })).fingerprint),
  ]);
  const isTrusted = accepted !== null && 'value' in shown && shown.value === accepted;
  const machine = isTrusted
    ? await orUnknown(reading.signal, () => survey({ address, port, fingerprint: accepted }, input, { reading, tools }))
    : null;
  return { hostId, resolved, shown, machine };
}

/** An id that no other cluster's host has: one that was renamed since may have the first. */
async function freeHostId(
  { address, port }: HostInput,
  clusterName: string,
  { inventory, clusterId }: Reading,
): Promise<string> {
  for (let turn = 0; ; turn += 1) {
    const id = hostIdFor({ clusterName, address, port, turn });
    const known = await inventory.findHost(id);
    if (known === null || known.clusterId === clusterId) return id;
  }
}

async function survey(
  at: { readonly address: string; readonly port: number; readonly fingerprint: string },
  input: DeployClusterInput,
  { reading, tools }: Looking,
): Promise<MachineSurvey> {
  const { user, privateKey, passphrase } = input;
  const shell = await tools.loginTo({
    ...{ clusterId: reading.clusterId, address: at.address, port: at.port, user },
    auth:
      privateKey === undefined
        ? { kind: 'agent' }
        : { kind: 'key', privateKeyRef: privateKey, passphraseRef: passphrase ?? null },
    ...{ hostKeyFingerprint: at.fingerprint, jumpHostId: null },
  });
  const question = { paths: pathsOn(at.address, input), javaHomes: [] };
  return surveyMachine(shell, question, { signal: reading.signal, timeoutMs: surveyTimeoutMs });
}

/** Every directory that nodes are to have on a host. */
function pathsOn(address: string, { frontends, backends, computeNodes }: DeployClusterInput): readonly string[] {
  const ofFrontends = frontends
    .filter(({ host }) => host === address)
    .flatMap(({ deployDir, metaDir }) => [deployDir, metaDir ?? `${withoutSlash(deployDir)}/meta`]);
  const ofWorkers = [...backends, ...computeNodes]
    .filter(({ host }) => host === address)
    .flatMap(({ deployDir, storage }) => [
      deployDir,
      ...readStorage(withMedia(storage)).storage.map(({ path }) => path),
    ]);
  return [...new Set([...ofFrontends, ...ofWorkers].map(withoutSlash))];
}

async function orUnknown<T>(signal: AbortSignal, read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof AppError) || (error.code === 'CANCELED' && signal.aborted)) throw error;
    return { unknown: error.message };
  }
}
