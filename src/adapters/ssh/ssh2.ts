import { AppError } from '../../errors.ts';
import { type Deadline, startDeadline } from '../deadline.ts';
import { killGroup } from './commands.ts';
import { type HostKey, nameOf, type Place, unreachable } from './connect.ts';
import { execute, type RemoteGroup } from './execute.ts';
import { NotStarted } from './login-answer.ts';
import { createSshPool, type Lease, type SshPool } from './pool.ts';
import type { Shell, ShellCall, SshTarget } from './port.ts';
import { uploadFile } from './upload.ts';

export type Ssh = {
  /** A shell on one host. Cheap: connections are shared between all shells of the same target. */
  shell(target: SshTarget): Shell;
  /** Shows a host's key without logging in, for a person to compare before it is pinned. */
  readHostKey(place: Place & { readonly jump?: SshTarget | null; readonly timeoutMs?: number }): Promise<HostKey>;
  /** Ends every connection; running commands fail. */
  close(): Promise<void>;
};

const defaultTimeoutMs = 30_000;
const killTimeoutMs = 10_000;

/** SSH to any number of hosts through a pool of connections. `idleMs`: how long an unused connection stays open. */
export function createSsh({ idleMs = 60_000 }: { readonly idleMs?: number } = {}): Ssh {
  const pool = createSshPool({ idleMs });
  return {
    shell: (target) => createShell(target, pool),
    async readHostKey({ address, port, jump = null, timeoutMs = 10_000 }) {
      const deadline = startDeadline({ what: `reading the host key of ${nameOf({ address, port })}`, timeoutMs });
      return deadline.race(pool.readHostKey({ address, port }, jump)).finally(deadline.end);
    },
    close: pool.close,
  };
}

function createShell(target: SshTarget, pool: SshPool): Shell {
  const where = nameOf(target);
  return {
    run: (command, call = {}) =>
      inSession({ pool, target, what: `${command.name} on ${where}`, call }, ({ client }, deadline) => {
        const kill = (group: RemoteGroup) => killRemote({ pool, target, where }, group);
        return execute({ client, command, call, deadline, where, user: target.user, kill });
      }),
    upload: (file, call = {}) =>
      inSession({ pool, target, what: `upload to ${where}`, call }, ({ client }, deadline) =>
        uploadFile(file, { client, deadline, where }),
      ),
  };
}

type SessionOptions = {
  readonly pool: SshPool;
  readonly target: SshTarget;
  readonly what: string;
  readonly call: ShellCall;
};

/** Lends a connection and one of its sessions to `work`; once more on a new connection when the old one was stale. */
async function inSession<T>(
  { pool, target, what, call }: SessionOptions,
  work: (lease: Lease, deadline: Deadline) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline({ what, timeoutMs: call.timeoutMs ?? defaultTimeoutMs, signal: call.signal });
  try {
    const first = await attempt({ pool, target, deadline }, work);
    if (first.kind === 'done') return first.value;
    const second = first.isReused ? await attempt({ pool, target, deadline }, work) : first;
    if (second.kind === 'done') return second.value;
    throw unreachable(target, second.cause);
  } finally {
    deadline.end();
  }
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'not-started'; readonly isReused: boolean; readonly cause: NotStarted };

async function attempt<T>(
  { pool, target, deadline }: Pick<SessionOptions, 'pool' | 'target'> & { readonly deadline: Deadline },
  work: (lease: Lease, deadline: Deadline) => Promise<T>,
): Promise<Attempt<T>> {
  const leasing = pool.lease(target);
  const lease = await deadline.race(leasing).catch((error: unknown) => {
    // The connection may still come about; it then belongs to nobody.
    leasing.then(({ release }) => release()).catch(() => undefined);
    throw error;
  });
  try {
    const free = await lease.slots.take(deadline.signal);
    return await work(lease, deadline)
      .then((value) => ({ kind: 'done', value }) as const)
      .finally(free);
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    lease.distrust();
    return { kind: 'not-started', isReused: lease.isReused, cause: error };
  } finally {
    lease.release();
  }
}

/** In a session of its own, on a new connection when the old one is gone; true when nothing of the group is left. */
async function killRemote(
  { pool, target, where }: Pick<SessionOptions, 'pool' | 'target'> & { readonly where: string },
  group: RemoteGroup,
): Promise<boolean> {
  const command = killGroup(group);
  const deadline = startDeadline({ what: `${command.name} on ${where}`, timeoutMs: killTimeoutMs });
  const lease = await deadline.race(pool.lease(target)).catch((error: unknown) => {
    deadline.end();
    throw error;
  });
  try {
    const free = await lease.killSlots.take(deadline.signal);
    const kill = async () => {
      throw new AppError('COMMAND_FAILED', `${command.name} is not itself killed`);
    };
    const result = await execute({
      client: lease.client,
      command,
      call: {},
      deadline,
      where,
      user: target.user,
      kill,
    }).finally(free);
    return result.exitCode === 0;
  } finally {
    deadline.end();
    lease.release();
  }
}
