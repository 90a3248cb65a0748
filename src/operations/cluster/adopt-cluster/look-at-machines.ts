import type { Reading } from '../../../adapters/reading.ts';
import { surveyMachine } from '../../../adapters/ssh/survey-host.ts';
import type { ObservedNode } from '../../../domain/cluster.ts';
import type { MachineSurvey } from '../../../domain/deploy/host-survey.ts';
import type { Known } from '../../../domain/known.ts';
import { AppError } from '../../../errors.ts';
import type { JumpLogin, Registration } from '../../define.ts';
import { isSamePlace, type Place, vouchedFor, type Way, type WaysInput, waysTo } from './ways.ts';

export type MachinesInput = WaysInput & {
  readonly user: string;
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
};

/** One machine of the cluster, as far as anybody could look at it. */
export type MachineFacts = Way & {
  /** The key that it shows; unknown = it does not answer, or what is on the way to it lets nobody through. */
  readonly shown: Known<string>;
  /** The key that somebody has vouched for. */
  readonly accepted: string | null;
  /** What runs there; null = nobody logged in, since its key is not accepted. */
  readonly machine: Known<MachineSurvey> | null;
};

type Looking = Pick<Reading, 'clusterId' | 'signal'> & Pick<Registration, 'readHostKey' | 'loginTo'>;

/** All machines at the same time, but jump hosts first. Nobody logs in to one whose key was not vouched for. */
export async function lookAtMachines(
  input: MachinesInput,
  nodes: readonly ObservedNode[],
  looking: Looking,
): Promise<MachineFacts[]> {
  const ways = waysTo(
    input,
    nodes.map(({ host }) => host),
  );
  const jumps = ways.filter((way) => ways.some(({ jump }) => jump !== null && isSamePlace(jump, way)));
  const passed = await Promise.all(jumps.map((way) => lookAtMachine(way, input, { ...looking, jumps: [] })));
  const others = ways.filter((way) => !jumps.includes(way));
  return [
    ...passed,
    ...(await Promise.all(others.map((way) => lookAtMachine(way, input, { ...looking, jumps: passed })))),
  ];
}

/** `jumps`: the jump hosts, as they were found. */
async function lookAtMachine(
  way: Way,
  input: MachinesInput,
  { jumps, ...looking }: Looking & { readonly jumps: readonly MachineFacts[] },
): Promise<MachineFacts> {
  const { address, port, jump } = way;
  const accepted = vouchedFor(input, way);
  const closed = jump === null ? null : whyNotThrough(jump, jumps);
  if (closed !== null) return { ...way, shown: { unknown: closed }, accepted, machine: null };
  const through = jump === null ? null : loginFor(jump, vouchedFor(input, jump), input);
  const { signal, readHostKey } = looking;
  const shown = await orUnknown(
    signal,
    async () => (await readHostKey({ address, port, prefer: accepted, jump: through })).fingerprint,
  );
  const isTrusted = accepted !== null && 'value' in shown && shown.value === accepted;
  const machine = isTrusted
    ? await orUnknown(signal, () => survey(loginFor(way, accepted, input), through, looking))
    : null;
  return { ...way, shown, accepted, machine };
}

function whyNotThrough(jump: Place, jumps: readonly MachineFacts[]): string | null {
  const found = jumps.find((each) => isSamePlace(each, jump));
  const where = `the jump host ${jump.address}:${jump.port}`;
  if (found === undefined) return `nobody has looked at ${where}`;
  if ('unknown' in found.shown) return `${where} cannot be reached: ${found.shown.unknown}`;
  if (found.machine === null) return `nobody goes through ${where} before its key is vouched for`;
  return 'unknown' in found.machine ? `${where} lets nobody in: ${found.machine.unknown}` : null;
}

function loginFor(
  { address, port }: Place,
  hostKeyFingerprint: string | null,
  { user, privateKey, passphrase }: MachinesInput,
): JumpLogin {
  const auth =
    privateKey === undefined
      ? ({ kind: 'agent' } as const)
      : ({ kind: 'key', privateKeyRef: privateKey, passphraseRef: passphrase ?? null } as const);
  return { address, port, user, auth, hostKeyFingerprint };
}

async function survey(
  login: JumpLogin,
  jump: JumpLogin | null,
  { clusterId, loginTo, signal }: Pick<Looking, 'clusterId' | 'loginTo' | 'signal'>,
): Promise<MachineSurvey> {
  const shell = await loginTo({ clusterId, ...login, jumpHostId: null, jump });
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
