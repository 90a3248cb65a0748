import type { NodeProcess } from './answers.ts';
import type { ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';

/**
 * A stop script that ends as soon as the process has ended. StarRocks' scripts ask `kill -0` whether it has, and that says no
 * of one that nobody waited for: where process 1 collects nothing (a container without an init) it stays as a zombie, and they
 * wait until their time is over, up to 3.3 for ever. Such a script is ended, and the pid file removed in its place.
 */
export function untilEnded(stop: ShellCommand, { pid, startedAtTicks, pidFile }: NodeProcess): ShellCommand {
  if (pidFile === null) return stop;
  const text = [
    `pid=${wholeNumber(pid)}; ticks=${quote(startedAtTicks)}; pidFile=${quote(pidFile)}`,
    // The program's name, field 2, may hold anything: what follows counts from its end. Field 20 is the number of threads.
    `look() { line=; { read -r line <"/proc/$1/stat"; } 2>/dev/null; set -f; set -- \${line##*") "}`,
    `state=$1; parent=$2; threads=\${18}; since=\${20}; }`,
    // One whose first thread has ended while others still work has not.
    'is_zombie() { look "$pid"; case "$state $threads $since" in "Z "[01]" $ticks") ;; *) return 1;; esac; }',
    'runs() { look "$pid"; [ "$since" = "$ticks" ] && ! is_zombie; }',
    // The script first: its next command must not run when the one it waits for is ended.
    `end_all() { set -- "$1" $(ps -A -o ppid= -o pid= | awk -v parent="$1" '$1 == parent { print $2 }')`,
    'kill -s KILL "$1"; shift; for each; do end_all "$each"; done; }',
    `( ${stop.text}`,
    ') & script=$!',
    '( exec </dev/null >/dev/null 2>&1; while runs; do sleep 0.2; done',
    // Where somebody waits for it, that takes a moment; then the script sees by itself that it is gone.
    'sleep 1; is_zombie || exit 1',
    // The number may be another's by now: only a child of this shell is the script.
    'trap "" TERM; look self; shell=$parent; look "$script"; [ "$parent" = "$shell" ] || exit 1; end_all "$script"; exit 0',
    ') & watcher=$!',
    'wait "$script"; code=$?; kill "$watcher" 2>/dev/null',
    'if wait "$watcher"; then code=0; named=; { read -r named <"$pidFile"; } 2>/dev/null || :',
    '[ "$named" != "$pid" ] || rm -f -- "$pidFile"; fi',
    'exit "$code"',
  ].join('\n');
  return { ...stop, text };
}
