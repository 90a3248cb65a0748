import type { ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';

/**
 * Kills this process, identified by pid and start time, and no other: what StarRocks' own scripts do after `--timeout`,
 * for scripts that do not know that option. Exit code 0 = the process is gone, now or before.
 */
export function killProcess({ pid, startedAtTicks }: { pid: number; startedAtTicks: string }): ShellCommand {
  const text = [
    `pid=${wholeNumber(pid)}; ticks=${quote(startedAtTicks)}`,
    'runs() { line=$(sed "s/.*) //" "/proc/$pid/stat" 2>/dev/null) || return 1',
    `[ "$(echo "$line" | cut -d' ' -f1)" != Z ] && [ "$(echo "$line" | cut -d' ' -f20)" = "$ticks" ]; }`,
    'runs || exit 0; kill -s KILL "$pid"; i=0',
    'while runs && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; ! runs',
  ].join('\n');
  return { name: 'kill-process', text, effect: 'change' };
}

/**
 * Sends a signal to this process and to no other, and does not wait: what a stop script does, for a process that no pid
 * file names and that the script would therefore not find.
 */
export function signalProcess(
  { pid, startedAtTicks }: { pid: number; startedAtTicks: string },
  signal: 'TERM' | 'USR1' | 'KILL',
): ShellCommand {
  const text = [
    `line=; { read -r line </proc/${wholeNumber(pid)}/stat; } 2>/dev/null; set -f; set -- \${line##*') '}`,
    `[ "$1" != Z ] && [ "\${20}" = ${quote(startedAtTicks)} ] || exit 0`,
    `kill -s ${signal} ${wholeNumber(pid)}`,
  ].join('\n');
  return { name: 'signal-process', text, effect: 'change' };
}
