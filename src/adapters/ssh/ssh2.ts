import { AppError } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import { createSlots } from '../slots.ts';
import { killGroup } from './commands.ts';
import { type HostKey, nameOf, type Place, unreachable } from './connect.ts';
import { createCrowd } from './crowd.ts';
import { execute, type RemoteGroup } from './execute.ts';
import { NotStarted, SessionRefused } from './login-answer.ts';
import { createSshPool, type Lease, type SshPool } from './pool.ts';
import type { Shell, ShellCall, ShellCommand, SshTarget } from './port.ts';
import { uploadFile } from './upload.ts';
import { uploadThroughShell } from './upload-through-shell.ts';

export type Ssh = {
  /** A shell on one host. Cheap: connections are shared between all shells of the same target. */
  shell(target: SshTarget): Shell;
  /** Shows a host's key without logging in, for a person to compare before it is pinned. */
  readHostKey(place: HostKeyQuestion): Promise<HostKey>;
  /**
   * Ends every connection to this place that was made by this host key, e.g. because another one is trusted now; commands
   * that run there fail with `SSH_ANSWER_LOST`.
   */
  endConnections(key: Place & { readonly fingerprint: string | null }): void;
  /** Ends every connection; running commands fail. */
  close(): Promise<void>;
};

export type HostKeyQuestion = Place & {
  readonly jump?: SshTarget | null;
  /** A fingerprint: a host has several keys, and if one of them has this fingerprint it is shown. */
  readonly prefer?: string | null;
  readonly timeoutMs?: number;
};

const defaultTimeoutMs = 30_000;
const killTimeoutMs = 10_000;

export type SshLimits = {
  /** How long an unused connection stays open. */
  readonly idleMs?: number;
  /** Commands that begin at the same time, over all hosts; those that take longer than a second do not count. */
  readonly commandsAtOnce?: number;
  /** Files that are sent at the same time, over all hosts: each takes 3 MB of memory. */
  readonly uploadsAtOnce?: number;
};

const slowMs = 1_000;
/** Commands under way over all hosts, the slow ones included. */
const mostCommands = 1_000;

/** SSH to any number of hosts through a pool of connections. */
export function createSsh({ idleMs = 60_000, commandsAtOnce = 64, uploadsAtOnce = 16 }: SshLimits = {}): Ssh {
  const pool = createSshPool({ idleMs });
  const commands = createCrowd({ atOnce: commandsAtOnce, slowMs, most: mostCommands });
  const uploads = createSlots(uploadsAtOnce);
  return {
    shell: (target) => createShell(target, pool, { commands: commands.enter, uploads: uploads.take }),
    async readHostKey({ address, port, jump = null, prefer = null, timeoutMs = 10_000 }) {
      const deadline = startDeadline({ what: `reading the host key of ${nameOf({ address, port })}`, timeoutMs });
      return deadline.race(pool.readHostKey({ address, port }, { jump, prefer })).finally(deadline.end);
    },
    endConnections: pool.end,
    close: pool.close,
  };
}

type Enter = (signal: AbortSignal) => Promise<() => void>;

/** Waits for its turn first: the time that the call may take begins with the work. */
async function inTurn<T>(enter: Enter, { signal }: ShellCall, work: () => Promise<T>): Promise<T> {
  // A call that was cancelled while it waited fails like one that was cancelled before it began.
  const leave = await enter(signal ?? new AbortController().signal).catch(() => () => {});
  return work().finally(leave);
}

function createShell(
  target: SshTarget,
  pool: SshPool,
  turns: { readonly commands: Enter; readonly uploads: Enter },
): Shell {
  const where = nameOf(target);
  const shell: Shell = {
    run: (command, call = {}) =>
      inSession({ pool, target, what: `${command.name} on ${where}`, call }, ({ client }, deadline) => {
        const kill = (group: RemoteGroup) => killRemote({ pool, target, where }, group);
        return execute({ client, command, call, deadline, where, user: target.user, kill });
      }),
    upload: (file, call = {}) =>
      inSession({ pool, target, what: `upload to ${where}`, call }, async ({ client }, deadline) => {
        const kill = (group: RemoteGroup) => killRemote({ pool, target, where }, group);
        const run = (command: ShellCommand, input?: NodeJS.ReadableStream) =>
          execute({ client, command, call: {}, input, deadline, where, user: target.user, kill });
        await uploadFile(file, { client, deadline, where }).catch((error: unknown) => {
          if (!(error instanceof AppError) || error.code !== 'SSH_NO_SFTP') throw error;
          // Slower, but it needs nothing that a command does not need.
          return uploadThroughShell(file, { run, where });
        });
      }),
  };
  return {
    run: (command, call = {}) => inTurn(turns.commands, call, () => shell.run(command, call)),
    upload: (file, call = {}) => inTurn(turns.uploads, call, () => shell.upload(file, call)),
  };
}

type SessionOptions = {
  readonly pool: SshPool;
  readonly target: SshTarget;
  readonly what: string;
  readonly call: ShellCall;
};

/**
 * Lends a connection and one of its sessions to `work`; again on a new connection when the old one was dead. Where the
 * host opens fewer sessions than we ask for, it waits for one of ours to end.
 */
async function inSession<T>(
  { pool, target, what, call }: SessionOptions,
  work: (lease: Lease, deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline({ what, timeoutMs: call.timeoutMs ?? defaultTimeoutMs, signal: call.signal });
  let refused: SessionRefused | null = null;
  let freshTries = 0;
  try {
    for (;;) {
      const found = await attempt({ pool, target, deadline }, work);
      if (found.kind === 'done') return found.value;
      if (found.kind === 'refused') {
        refused = found.cause;
        if (found.others > 0) continue;
      } else if (!found.isReused || freshTries > 0) throw unreachable(target, found.cause);
      // sshd may still count a session that has just ended: on another connection it does not.
      freshTries += 1;
      if (freshTries > 2) throw noSession({ target, what, cause: found.cause });
    }
  } catch (error) {
    const isLate = error instanceof AppError && error.code === 'TIMEOUT' && error === deadline.signal.reason;
    throw isLate && refused !== null ? noSession({ target, what, cause: refused }) : error;
  } finally {
    deadline.end();
  }
}

function noSession({ target, what, cause }: { target: SshTarget; what: string; cause: Error }): AppError {
  return new AppError(
    'SSH_BUSY',
    `${what} was not begun: ${nameOf(target)} opens no further session for ${target.user}`,
    {
      hint: 'Raise `MaxSessions` in sshd_config of the host (10 is its default, 0 and 1 are too few)',
      retryable: true,
      cause,
    },
  );
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'not-started'; readonly isReused: boolean; readonly cause: NotStarted }
  /** `others`: how many sessions of ours are open on that connection. */
  | { readonly kind: 'refused'; readonly others: number; readonly cause: SessionRefused };

async function attempt<T>(
  { pool, target, deadline }: Pick<SessionOptions, 'pool' | 'target'> & { readonly deadline: Deadline },
  work: (lease: Lease, deadline: Deadline) => Promise<T>,
): Promise<Attempt<T>> {
  const lease = await leaseOf({ pool, target, deadline });
  try {
    const free = await lease.slots.take(deadline.signal);
    return await work(lease, deadline)
      .then((value) => ({ kind: 'done', value }) as const)
      .finally(free);
  } catch (error) {
    if (error instanceof SessionRefused) {
      const others = lease.slots.taken();
      if (others > 0) lease.slots.lower(others);
      else lease.distrust();
      return { kind: 'refused', others, cause: error };
    }
    if (!(error instanceof NotStarted)) throw error;
    lease.distrust();
    return { kind: 'not-started', isReused: lease.isReused, cause: error };
  } finally {
    lease.release();
  }
}

async function leaseOf({ pool, target, deadline }: Pick<SessionOptions, 'pool' | 'target'> & { deadline: Deadline }) {
  const leasing = pool.lease(target);
  return deadline.race(leasing).catch((error: unknown) => {
    // The connection may still be made; then nobody needs it.
    leasing.then(({ release }) => release()).catch(() => undefined);
    throw error;
  });
}

/** In a session of its own, on a new connection when the old one is gone; true when nothing of the group is left. */
async function killRemote(
  { pool, target, where }: Pick<SessionOptions, 'pool' | 'target'> & { readonly where: string },
  group: RemoteGroup,
): Promise<boolean> {
  const command = killGroup(group);
  const deadline = startDeadline({ what: `${command.name} on ${where}`, timeoutMs: killTimeoutMs });
  const kill = async () => {
    throw new AppError('COMMAND_FAILED', `${command.name} is not itself killed`);
  };
  const once = async (): Promise<boolean | 'refused'> => {
    const lease = await leaseOf({ pool, target, deadline });
    try {
      const free = await lease.killSlots.take(deadline.signal);
      const execution = { client: lease.client, command, call: {}, deadline, where, user: target.user, kill };
      return (await execute(execution).finally(free)).exitCode === 0;
    } catch (error) {
      if (!(error instanceof SessionRefused)) throw error;
      lease.distrust();
      return 'refused';
    } finally {
      lease.release();
    }
  };
  try {
    const first = await once();
    // The command that is to be killed may hold the only session that the host allows on that connection.
    return first === 'refused' ? (await once()) === true : first;
  } finally {
    deadline.end();
  }
}
