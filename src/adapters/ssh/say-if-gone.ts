import { isProcessAlive } from './commands.ts';
import type { ShellCommand, ShellResult } from './port.ts';

/** A line by which the host itself says so; no script of a node prints it. */
export const goneLine = 'starwarden: the process has ended';

/** Runs a stop command, and says whether the process has ended when it returns, in one round trip to the host. */
export function thenSayIfGone(stop: ShellCommand, target: { pid: number; startedAtTicks: string }): ShellCommand {
  const text = [
    `( ${stop.text}`,
    '); code=$?; [ "$code" -eq 0 ] || exit "$code"',
    `case $( ${isProcessAlive(target).text}`,
    `) in gone) echo '${goneLine}';; esac`,
  ].join('\n');
  return { ...stop, text };
}

export function saysGone({ stdout }: ShellResult): boolean {
  return stdout.split('\n').includes(goneLine);
}
