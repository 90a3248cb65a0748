import { constants } from 'node:os';
import { AppError } from '../../errors.ts';
import type { Collector } from './output.ts';
import type { ShellCommand, ShellResult } from './port.ts';

/** The connection was dead already: the command was certainly not begun, or it is a read that gave no sign of life. */
export class NotStarted extends Error {}

/** The host opens no further session on this connection: nothing was asked of it. */
export class SessionRefused extends Error {}

/**
 * The error of the driver when a session could not be opened, as one of these; one that does not say that the host
 * refused means that nothing was started.
 */
export function openingFailure(error: Error): Error {
  const isRefused = 'reason' in error && typeof error.reason === 'number';
  return isRefused
    ? new SessionRefused(error.message, { cause: error })
    : new NotStarted(error.message, { cause: error });
}

/** How a session ended, as sshd reports it; both are null when the connection broke. */
export type Ending = { readonly exitCode: number | null; readonly signal: string | null };

export type Ended = Ending & {
  readonly stdout: Collector;
  readonly stderr: Collector;
  /** The command and the host, for messages. */
  readonly what: string;
  readonly where: string;
  readonly user: string;
  readonly effect: ShellCommand['effect'];
};

/**
 * The answer of a session that ended. Only the text between the marks of our own shell is an answer, and the exit code is
 * the one after the last mark: a login that runs something else, or nothing, ends with an exit code and output of its
 * own. Throws `NotStarted` when the connection broke before a read gave a sign of life.
 */
export function answerOf(ended: Ended): ShellResult {
  const { stdout, stderr, exitCode, signal, what, effect } = ended;
  const code = stdout.exitCode();
  if (code !== null && stderr.exitCode() !== null) {
    const killer = signalOf(code);
    if (killer !== null) throw new AppError('COMMAND_FAILED', `${what} was ended by ${killer}`);
    return { exitCode: code, stdout: stdout.text(), stderr: stderr.text() };
  }
  const isBroken = exitCode === null && signal === null;
  const hasBegun = stdout.startLine() !== null;
  const said = saidBy(ended);
  if (isBroken) {
    const loginSaid = said === '' ? '' : `; the login said: ${said}`;
    if (!hasBegun && effect === 'read') throw new NotStarted(`the connection broke${loginSaid}`);
    throw new AppError('SSH_ANSWER_LOST', `${what}: the connection broke before the exit code came${loginSaid}`, {
      hint: 'It may still be running there, or have finished',
      retryable: effect === 'read',
    });
  }
  if (!hasBegun) throw neverRan(ended, said);
  if (stderr.startLine() === null) throw isMixed(ended);
  const how = signal === null ? `before it was through (exit code ${exitCode})` : `by ${signal}`;
  throw new AppError('COMMAND_FAILED', `${what} was ended ${how}`);
}

const shellHint =
  'Give a user whose login runs commands: with /bin/sh, bash or the like as its shell, a password that has not expired, and no ForceCommand or command="…" that runs something else. `ssh -T <user>@<host> id` shows what the login does';

function neverRan({ what, where, user, exitCode, signal }: Ended, said: string): AppError {
  const quoted = said === '' ? 'and said nothing' : `and said: ${said}`;
  const how = signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
  return new AppError(
    'SSH_NO_SHELL',
    `${what} was never run: the login of ${user} on ${where} ${how} without running it, ${quoted}`,
    { hint: shellHint },
  );
}

/** A recorder of sessions, a terminal or `2>&1` mixes errors with answers, and then no answer can be trusted. */
function isMixed({ what, where, user }: Ended): AppError {
  return new AppError(
    'SSH_NO_SHELL',
    `${what}: the login of ${user} on ${where} does not keep standard output and standard error apart, so what it answers cannot be told`,
    { hint: 'Give a user whose commands are not run through a recorder, a terminal or `2>&1`' },
  );
}

const shownBytes = 400;

/** The login's own output on both streams, in one line, without control sequences of a terminal. */
function saidBy({ stdout, stderr }: Ended): string {
  const words = [stdout, stderr]
    .filter((stream) => stream.startLine() === null)
    .map((stream) => stream.preamble())
    .join('\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/\u001b(\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007?|.)/g, '')
    .split('\n')
    .map((line) => line.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim())
    .filter((line) => line !== '')
    .join(' / ');
  return words.length > shownBytes ? `${words.slice(0, shownBytes)}…` : words;
}

/** The signal that ended a program, from the exit code that a shell makes of it: 128 and the signal's number. */
function signalOf(code: number): string | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found === undefined ? null : found[0];
}
