import type { NodeProcess } from './answers.ts';
import { findingNode } from './finding-node.ts';
import { lockedScript } from './locked-script.ts';
import type { ShellCommand } from './port.ts';
import { assign, type NodeKind } from './shell-text.ts';

/**
 * Runs the node's own start script, unless a process of the node is there. StarRocks' scripts only look for a pid file: a
 * script that is sent a second time while the first is at work starts a second process, which ends because its ports are
 * taken and leaves its number in the pid file of the one that lives. This script waits for the first, and finds its work
 * done.
 *
 * The started node gets the environment that a login of its user gives, and nothing of the shell in which we work.
 */
export function startOnce(
  node: { readonly deployDir: string; readonly kind: NodeKind },
  start: ShellCommand,
  /** Lines that may refuse it: before a start, and where the node was found to run already, as process `$found`. */
  { before = [], ifFound = [] }: { readonly before?: readonly string[]; readonly ifFound?: readonly string[] } = {},
): ShellCommand {
  return lockedScript({
    name: start.name,
    deployDir: node.deployDir,
    waitSeconds: 60,
    lines: [
      ...findingNode(node),
      `say_found() { [ -z "$found" ] || echo "${startedAs}$found $ticks $pidFile"; }`,
      'find_node; if [ -n "$found" ]; then',
      ...ifFound,
      'echo "it runs as process $found already"; say_found; exit 0; fi',
      ...before,
      // The start script would say that the node runs as that process.
      '[ -z "$stale" ] || rm -f -- "$stale"',
      ...asLogin,
      assign('start', start.text),
      'as_login "$start" || exit $?',
      // Scripts that wait for the lock have to find the process: by its pid file, since a program that has just begun may
      // still change its name.
      'i=0; while find_node; [ $i -lt 50 ] && [ -z "$pidFile" ]; do sleep 0.1; i=$((i + 1)); done',
      'say_found',
    ],
  });
}

/** How the line begins by which the host itself names the process; no script of a node prints it. */
const startedAs = 'starwarden: it runs as ';

/** The process that a line of `startOnce` names; null for lines of the node's own script. */
export function startedProcess(line: string): Omit<NodeProcess, 'comm'> | null {
  const [, pid, startedAtTicks, pidFile = ''] = /^starwarden: it runs as (\d+) (\d+) (.*)$/.exec(line) ?? [];
  if (pid === undefined || startedAtTicks === undefined) return null;
  return { pid: Number(pid), startedAtTicks, pidFile: pidFile === '' ? null : pidFile };
}

/**
 * `as_login <command>` runs a command as a new login shell does: with the variables that sshd gave to this session,
 * before any file or line of ours changed them, and those that the start files of a login set; with their umask, in the
 * directory where the session began, and with no file of ours open. `$maskBefore` is the umask before ours.
 */
const asLogin = [
  `given=$(sed -z "s/'/'\\\\\\\\''/g; s/^/'/; s/\\$/'/" "/proc/$$/environ" 2>/dev/null | tr '\\0' ' ')`,
  'as_login() { command=$1',
  'if [ -n "$given" ]; then eval "set -- env -i $given"; else set -- env -u LC_ALL; fi',
  // A C shell accepts no command together with -l, but reads one from its input.
  `case $SHELL in *csh) set -- "$@" "$SHELL" -l;; *) set -- "$@" "\${SHELL:-/bin/sh}" -l -c "$command";; esac`,
  // The started process lives on, and must not keep the lock.
  '( umask "$maskBefore"; exec 9>&-',
  `case $SHELL in *csh) printf '%s\\n' "$command" | "$@";; *) exec "$@" </dev/null;; esac ); }`,
];
