import { isProcessAlive } from './commands.ts';
import type { ShellCommand, ShellResult } from './port.ts';

/** What a host says of itself, and no line of a node's script. */
export const goneLine = 'starwarden: the process has ended';

/** A stop command, and whether the process has ended when it returns, in one way to the host and back. */
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
