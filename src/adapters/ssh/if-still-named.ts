import type { ShellCommand, ShellResult } from './port.ts';
import { quote, wholeNumber } from './quote.ts';

/** A line by which the host itself says so; no script of a node prints it. */
export const otherLine = 'starwarden: the pid file names another process';

/**
 * Runs a stop script only while the pid file, by which the script finds its process, names the one that was seen: the
 * node may have been restarted since. Otherwise nothing is sent, and the answer says so.
 */
export function ifStillNamed(stop: ShellCommand, { pid, pidFile }: { pid: number; pidFile: string }): ShellCommand {
  const text = [
    `named=; { read -r named <${quote(pidFile)}; } 2>/dev/null || :`,
    `if [ "$named" != ${wholeNumber(pid)} ]; then echo '${otherLine}'; exit 0; fi`,
    stop.text,
  ].join('\n');
  return { ...stop, text };
}

export function saysOther({ stdout }: ShellResult): boolean {
  return stdout.split('\n').includes(otherLine);
}
