import { AppError, type ErrorCode } from '../../errors.ts';
import type { ShellResult } from './port.ts';

/** Exit codes of the scripts that change a host's disk. The last line of stderr is the sentence for the failure. */
export const exitCodes = {
  /** Another script works below that directory, and did not end within the wait. */
  busy: 75,
  /** No space left, or a quota is used up. What was begun has been removed. */
  noSpace: 28,
  /** The user may not write there, or the file system is read-only. */
  denied: 77,
  /** There is no archive, or its checksum was not compared since it changed. */
  noArchive: 66,
  /** Another checksum than the catalogue has, an archive that cannot be read, or one with members that must not be in it. */
  badArchive: 65,
  /** The archive has nothing for this kind of node. */
  partMissing: 67,
  /** The server did not hand out the whole archive. The bytes that came are kept, so that the next try continues there. */
  download: 69,
  /** The release is not staged, or the old binaries are not kept: nothing was moved. */
  nothingThere: 80,
  /** A process of that node runs. */
  nodeRuns: 81,
  /** Two directories would have to be at the same place, so somebody else changed something. Nothing was moved. */
  inTheWay: 82,
  /** A symbolic link, or another file system, where neither is allowed. Nothing was moved. */
  unsafe: 83,
  /** The binaries are half swapped. */
  half: 84,
  /** What a new node would need belongs to somebody else: a directory, a port, a file. Nothing was overwritten. */
  taken: 85,
  /** Root is needed, and the user may not become root without a password. */
  noRoot: 86,
  /** Anything else, in the words of the program that failed. */
  failed: 70,
} as const;

export type HostFailureReason = keyof typeof exitCodes;

/** Why a script did not do its work; null = it did. */
export function hostFailureOf(result: ShellResult): { reason: HostFailureReason; message: string } | null {
  if (result.exitCode === 0) return null;
  const lines = `${result.stderr.trim() || result.stdout.trim()}`.split('\n').slice(-3).join(' / ');
  return { reason: reasonOf(result.exitCode), message: lines || `it ended with exit code ${result.exitCode}` };
}

function reasonOf(exitCode: number): HostFailureReason {
  return reasons.find((reason) => exitCodes[reason] === exitCode) ?? 'failed';
}

const reasons: readonly HostFailureReason[] = [
  'busy',
  'noSpace',
  'denied',
  'noArchive',
  'badArchive',
  'partMissing',
  'download',
  'nothingThere',
  'nodeRuns',
  'inTheWay',
  'unsafe',
  'half',
  'taken',
  'noRoot',
];

/** Throws what a script on a host said about its failure; `what` begins the sentence. */
export function throwIfFailed(what: string, result: ShellResult): void {
  const failure = hostFailureOf(result);
  if (failure === null) return;
  throw new AppError(codes[failure.reason] ?? 'COMMAND_FAILED', `${what}: ${failure.message}`, {
    hint: hints[failure.reason] ?? 'Look at the host, then retry the run.',
    // Another script of Starwarden is at work there: this one waits for its turn.
    retryable: failure.reason === 'busy',
  });
}

const codes: Partial<Record<HostFailureReason, ErrorCode>> = {
  nodeRuns: 'PRECONDITION_FAILED',
  taken: 'PRECONDITION_FAILED',
  noRoot: 'CREDENTIAL_MISSING',
};

const hints: Partial<Record<HostFailureReason, string>> = {
  noSpace: 'Free space in the file system of the deploy directory, then retry the run. Nothing was left half unpacked.',
  denied: 'The SSH user must be allowed to write in the deploy directory.',
  badArchive: 'The archive is not the one that was registered. Register the right one, then ask again.',
  download: 'Look at the server that holds the archive, then retry the run; what has come already is kept.',
  nodeRuns: 'Somebody started the node meanwhile. Stop it or let it be, then retry the run.',
  taken: 'Look at it on the host. What this run did not put there is neither used, overwritten nor removed.',
  noRoot: 'Let the user run everything through sudo without a password, or do without a unit.',
};

/** The error for a node's own script that failed, with its last lines. */
export function commandFailed(what: string, result: ShellResult): AppError {
  const last = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-3).join(' / ');
  return new AppError('COMMAND_FAILED', `${what} ended with exit code ${result.exitCode}: ${last || 'no output'}`, {
    hint: 'Look at the log of the node on its host, then retry the run.',
  });
}
