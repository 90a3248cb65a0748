import { spawn } from 'node:child_process';
import { AppError, messageOf } from '../../errors.ts';

export type FileLock = { release(): Promise<void> };

type Options = {
  readonly mode: 'shared' | 'exclusive';
  readonly signal?: AbortSignal | undefined;
  /** Called when somebody else holds the lock, before the wait for it begins. */
  readonly onWait?: () => void;
};

/**
 * A lock that other processes on this machine respect too, and that the kernel releases when this process dies: `flock`
 * holds it for as long as our end of its pipe is open. Throws the reason of the signal, which ends the wait.
 */
export async function lockFile(path: string, { mode, signal, onWait }: Options): Promise<FileLock> {
  const atOnce = await hold(path, { mode, signal, wait: false });
  if (atOnce !== null) return atOnce;
  onWait?.();
  const lock = await hold(path, { mode, signal, wait: true });
  if (lock !== null) return lock;
  throw new AppError('PRECONDITION_FAILED', `${path} cannot be locked`);
}

/** Null when somebody else holds the lock. */
export function tryLockFile(path: string): Promise<FileLock | null> {
  return hold(path, { mode: 'exclusive', signal: undefined, wait: false });
}

type Holding = { readonly mode: Options['mode']; readonly signal: AbortSignal | undefined; readonly wait: boolean };

async function hold(path: string, { mode, signal, wait }: Holding): Promise<FileLock | null> {
  signal?.throwIfAborted();
  const flags = [mode === 'shared' ? '-s' : '-x', ...(wait ? [] : ['-n'])];
  const child = spawn('flock', [...flags, path, 'cat'], { env: { PATH: '/usr/bin:/bin' }, stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  let complaint = '';
  child.stderr.on('data', (data) => {
    complaint = `${complaint}${data}`.slice(0, 500);
  });
  const ended = new Promise<Error | null>((resolve) => {
    child.on('error', resolve);
    child.on('close', () => resolve(null));
  });
  const held = new Promise<true>((resolve) => child.stdout.once('data', () => resolve(true)));
  const giveUp = () => {
    child.stdin.destroy();
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  // When `cat` repeats this line, the lock is held.
  child.stdin.write('\n');
  const outcome = await Promise.race([held, ended]);
  signal?.removeEventListener('abort', giveUp);
  if (outcome === true) {
    return {
      release: async () => {
        child.stdin.destroy();
        await ended;
      },
    };
  }
  signal?.throwIfAborted();
  if (outcome === null && complaint === '') return null;
  const why = outcome === null ? complaint.trim() : messageOf(outcome);
  throw new AppError('PRECONDITION_FAILED', `${path} cannot be locked: ${why}`, {
    hint: 'The program flock is needed on the machine of Starwarden (package util-linux).',
    ...(outcome === null ? {} : { cause: outcome }),
  });
}
