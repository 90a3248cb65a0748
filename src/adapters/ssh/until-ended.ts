import type { NodeProcess } from './answers.ts';
import type { ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';

/**
 * A stop script that ends as soon as the process has ended. StarRocks' scripts ask `kill -0`, which still finds a process
 * that has ended and that nobody waited for: where process 1 collects no zombies (a container without an init) it stays,
 * and the scripts wait until their time is over, up to 3.3 for ever. Such a script is ended, and the pid file is removed
 * in its place.
 */
export function untilEnded(stop: ShellCommand, { pid, startedAtTicks, pidFile }: NodeProcess): ShellCommand {
  if (pidFile === null) return stop;
  const text = [
    `pid=${wholeNumber(pid)}; ticks=${quote(startedAtTicks)}; pidFile=${quote(pidFile)}`,
    // Field 2, the program's name, may hold any characters: further fields are counted from its end. Field 20 is the
    // number of threads.
    `look() { line=; { read -r line <"/proc/$1/stat"; } 2>/dev/null; set -f; set -- \${line##*") "}`,
    `state=$1; parent=$2; threads=\${18}; since=\${20}; }`,
    // A process whose first thread has ended while others still work has not ended.
    'is_zombie() { look "$pid"; case "$state $threads $since" in "Z "[01]" $ticks") ;; *) return 1;; esac; }',
    'runs() { look "$pid"; [ "$since" = "$ticks" ] && ! is_zombie; }',
    // The script itself comes first: it must not run its next command when the command it waits for is ended.
    `end_all() { set -- "$1" $(ps -A -o ppid= -o pid= | awk -v parent="$1" '$1 == parent { print $2 }')`,
    'kill -s KILL "$1"; shift; for each; do end_all "$each"; done; }',
    `( ${stop.text}`,
    ') & script=$!',
    '( exec </dev/null >/dev/null 2>&1; while runs; do sleep 0.2; done',
    // Where some process waits for it, a moment is enough to collect it; then the script finds by itself that it is gone.
    'sleep 1; is_zombie || exit 1',
    // Another process may have this number by now: only a child of this shell is the script.
    'trap "" TERM; look self; shell=$parent; look "$script"; [ "$parent" = "$shell" ] || exit 1; end_all "$script"; exit 0',
    ') & watcher=$!',
    'wait "$script"; code=$?; kill "$watcher" 2>/dev/null',
    'if wait "$watcher"; then code=0; named=; { read -r named <"$pidFile"; } 2>/dev/null || :',
    '[ "$named" != "$pid" ] || rm -f -- "$pidFile"; fi',
    'exit "$code"',
  ].join('\n');
  return { ...stop, text };
}
