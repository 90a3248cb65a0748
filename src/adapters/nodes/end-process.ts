import { AppError } from '../../errors.ts';
import { commandFailed } from '../ssh/host-failure.ts';
import { otherLine, saysOther } from '../ssh/if-still-named.ts';
import { killProcess } from '../ssh/kill-process.ts';
import type { Shell, ShellCommand } from '../ssh/port.ts';
import { isAlive } from '../ssh/read-node-process.ts';
import { goneLine, saysGone, thenSayIfGone } from '../ssh/say-if-gone.ts';
import type { HostProcess } from './place.ts';
import type { NodeCall } from './port.ts';

export type Ending = {
  readonly label: string;
  /** The process whose end is waited for, and forced; null = none was found. */
  readonly target: HostProcess | null;
  /** The command that asks it to end; it may return before the process has ended. */
  readonly stop: ShellCommand;
  readonly timeoutMs: number;
  /** How much longer the stop command may take: a script that kills by itself does so within this time. */
  readonly graceMs?: number;
};

/**
 * Sends the stop, waits until that process has ended, and kills it, by pid and start time, when its time is over. `other` =
 * nothing was sent, because the pid file names another process by now.
 */
export async function endProcess(
  shell: Shell,
  { label, target, stop, timeoutMs, graceMs = 0 }: Ending,
  { signal, log = () => {} }: NodeCall,
): Promise<'ended' | 'other'> {
  const onLine = (line: string) => {
    if (line !== goneLine && line !== otherLine) log(`${label}: ${line}`);
  };
  const sent = await shell
    .run(target === null ? stop : thenSayIfGone(stop, target), {
      signal,
      timeoutMs: timeoutMs + graceMs,
      onLine,
    })
    .catch((error: unknown): null => {
      if (error instanceof AppError && error.code === 'TIMEOUT') return null;
      throw error;
    });
  if (sent !== null && sent.exitCode !== 0) throw commandFailed(`The stop script of ${label}`, sent);
  if (sent !== null && saysOther(sent)) return 'other';
  if (target === null || (sent !== null && saysGone(sent))) return 'ended';
  if (!(await isAlive(shell, target, signal))) return 'ended';
  // A stop that returned while the process goes on has left it to drain.
  if (sent !== null && (await hasDrained(shell, target, { timeoutMs, signal }))) return 'ended';
  log(`${label} did not end within ${timeoutMs / 1_000} s; process ${target.pid} is killed`);
  const killed = await shell.run(killProcess(target), { signal });
  if (killed.exitCode !== 0) throw commandFailed(`Killing process ${target.pid} of ${label}`, killed);
  return 'ended';
}

async function hasDrained(
  shell: Shell,
  target: HostProcess,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (performance.now() < until) {
    if (!(await isAlive(shell, target, signal))) return true;
    await new Promise((resolve) => setTimeout(resolve, 500));
    signal.throwIfAborted();
  }
  return false;
}
