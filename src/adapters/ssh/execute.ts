import { once } from 'node:events';
import type { Client, ClientChannel } from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';
import type { Deadline } from '../deadline.ts';
import { answerOf, type Ending, NotStarted, openingFailure } from './login-answer.ts';
import { type Collector, createCollector } from './output.ts';
import type { ShellCall, ShellCommand, ShellResult } from './port.ts';
import { inSession, marksOf } from './session-commands.ts';

/** A process group on the host. The start time distinguishes it from a later one with the same number. */
export type RemoteGroup = { readonly pgid: number; readonly startedAtTicks: string };

export type Execution = {
  readonly client: Client;
  readonly command: ShellCommand;
  readonly call: ShellCall;
  /** Fed to the command's standard input instead of the call's text. */
  readonly input?: NodeJS.ReadableStream | undefined;
  readonly deadline: Deadline;
  /** The host's name for messages. */
  readonly where: string;
  /** Who logs in, for messages. */
  readonly user: string;
  /** Ends the group and answers whether nothing of it is left. */
  readonly kill: (group: RemoteGroup) => Promise<boolean>;
};

const maxStreamBytes = 1_048_576;
const closeGraceMs = 1_000;
const startGraceMs = 2_000;
/** The driver reports open requests as failed and the end of the connection at nearly the same time. */
const brokenShowsMs = 200;

/** Runs one command in one session of an open connection. */
export async function execute({
  client,
  command,
  call,
  input,
  deadline,
  where,
  user,
  kill,
}: Execution): Promise<ShellResult> {
  const id = crypto.randomUUID();
  const isMuted = () => deadline.signal.aborted;
  const opening = openSession(client, inSession(command.text, id), { id, call, input, isMuted });
  const what = `${command.name} on ${where}`;
  let session: Session | null = null;
  try {
    session = await deadline.race(opening);
    const ending = await deadline.race(session.ended);
    return answerOf({ ...session, ...ending, what, where, user, effect: command.effect });
  } catch (error) {
    if (!(error instanceof AppError) || error !== deadline.signal.reason) {
      session?.close();
      throw error;
    }
    const isGone = await killSession({ opening, kill });
    throw new AppError(error.code, `${error.message}; ${isGone ? 'it was killed' : 'it may still be running there'}`, {
      retryable: error.retryable && isGone && command.effect === 'read',
      ...(isGone ? {} : { hint: `Look for it on the host before trying again` }),
      cause: error,
    });
  }
}

type Session = {
  readonly stdout: Collector;
  readonly stderr: Collector;
  readonly ended: Promise<Ending>;
  readonly started: Promise<RemoteGroup | null>;
  close(): void;
};

type Attachment = {
  readonly id: string;
  readonly call: ShellCall;
  readonly input: NodeJS.ReadableStream | undefined;
  /** True once the caller has got its error: it hears no more lines. */
  readonly isMuted: () => boolean;
};

function attach(stream: ClientChannel, { id, call, input, isMuted }: Attachment): Session {
  const started = Promise.withResolvers<RemoteGroup | null>();
  const ended = Promise.withResolvers<Ending>();
  const collect = (source: 'stdout' | 'stderr') => {
    const onLine = (line: string) => {
      try {
        if (!isMuted()) call.onLine?.(line, source);
      } catch (error) {
        ended.reject(error);
      }
    };
    return createCollector({
      marks: marksOf(id, source),
      secrets: call.secrets ?? [],
      maxBytes: maxStreamBytes,
      onLine,
    });
  };
  const stdout = collect('stdout');
  const stderr = collect('stderr');
  let ending: Ending = { exitCode: null, signal: null };
  let closing: NodeJS.Timeout | undefined;

  // Otherwise a daemon that keeps the output open would keep the session open for as long as it lives; so would a login
  // that does not end with the command.
  const closeSoon = () => {
    clearTimeout(closing);
    if (isOver() && isAnswered()) return stream.close();
    closing = setTimeout(() => {
      stream.close();
      // sshd may wait for the end of the login before it closes its side.
      if (isAnswered()) finish();
    }, closeGraceMs);
  };
  const finish = () => {
    clearTimeout(closing);
    stdout.end();
    stderr.end();
    started.resolve(null);
    ended.resolve(ending);
  };
  const isOver = () => ending.exitCode !== null || ending.signal !== null;
  const isAnswered = () => stdout.exitCode() !== null && stderr.exitCode() !== null;

  stream.on('data', (chunk: Buffer) => {
    stdout.push(chunk);
    const line = stdout.startLine();
    if (line !== null) started.resolve(parseStat(line));
    if (isOver() || isAnswered()) closeSoon();
  });
  stream.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk);
    if (isOver() || isAnswered()) closeSoon();
  });
  // Writing to a command that has already ended is not a failure.
  stream.on('error', () => undefined);
  stream.on('exit', (exitCode: number | null, signal?: string) => {
    ending = { exitCode, signal: signal ?? null };
    closeSoon();
  });
  stream.once('close', finish);
  if (input === undefined) stream.end(call.stdin ?? '');
  else {
    input.on('error', () => stream.close());
    input.pipe(stream);
  }
  return { stdout, stderr, ended: ended.promise, started: started.promise, close: () => stream.close() };
}

type KillOptions = Pick<Execution, 'kill'> & { readonly opening: Promise<Session> };

/** True when nothing of the command is left. The session may still be opening, and the shell may not have begun. */
async function killSession({ opening, kill }: KillOptions): Promise<boolean> {
  const session = await within(startGraceMs, opening);
  if (session === null) {
    // If it opens after all, it can only be closed.
    opening.then((late) => late.close()).catch(() => undefined);
    return false;
  }
  const group = await within(startGraceMs, session.started);
  const isGone = group !== null && (await kill(group).catch(() => false));
  session.close();
  return isGone;
}

function openSession(client: Client, text: string, attachment: Attachment): Promise<Session> {
  return new Promise((resolve, reject) => {
    try {
      // Attached within the callback: the exit code of a short command may come in the same packet as its start.
      client.exec(text, (error, stream) => {
        if (error) refused(client, error).then(reject, reject);
        else resolve(attach(stream, attachment));
      });
    } catch (error) {
      reject(new NotStarted(messageOf(error), { cause: error }));
    }
  });
}

/** An error of the request itself leaves open whether it was carried out; any other came before it was sent. */
async function refused(client: Client, error: Error): Promise<Error> {
  if (!error.message.startsWith('Unable to exec')) return openingFailure(error);
  // The driver gives the same error for a request that the host refused and for one that was open when the connection
  // ended.
  const isBroken = (await within(brokenShowsMs, once(client, 'close'))) !== null;
  return isBroken
    ? new AppError('SSH_ANSWER_LOST', 'The connection broke while a command was asked for', {
        hint: 'It may still be running there, or have finished',
        cause: error,
      })
    : new AppError('COMMAND_FAILED', `The host refused to run a command: ${error.message}`, { cause: error });
}

/** The line of /proc/PID/stat: field 5 is the process group, field 22 the start time. */
function parseStat(line: string): RemoteGroup | null {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const pgid = Number(fields[2]);
  const startedAtTicks = fields[19];
  // A shell that does not lead its group shares it with processes that are not ours.
  const leads = pgid > 1 && pgid === Number.parseInt(line, 10);
  return leads && startedAtTicks !== undefined ? { pgid, startedAtTicks } : null;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  return Promise.race([work.catch(() => null), tooLate]).finally(() => clearTimeout(timer));
}
