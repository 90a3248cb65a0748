import { findingNode } from './finding-node.ts';
import { lockedScript } from './locked-script.ts';
import type { ShellCommand } from './port.ts';
import { assign, type NodeKind } from './shell-text.ts';

/**
 * Runs the node's own start script, unless a process of the node is there. StarRocks' scripts look for a pid file alone:
 * one that is sent a second time while the first is at work starts a second process, which ends for want of its ports and
 * leaves its number in the pid file of the one that lives. This one waits for the first, and finds it done.
 *
 * What is started gets what the login of its owner gives it, and nothing of the shell that we work in.
 */
export function startOnce(
  node: { readonly deployDir: string; readonly kind: NodeKind },
  start: ShellCommand,
): ShellCommand {
  return lockedScript({
    name: start.name,
    deployDir: node.deployDir,
    waitSeconds: 60,
    lines: [
      ...findingNode(node),
      'find_node; if [ -n "$found" ]; then echo "it runs as process $found already"; exit 0; fi',
      // The script would say that it runs as that process.
      '[ -z "$stale" ] || rm -f -- "$stale"',
      ...asLogin,
      assign('start', start.text),
      'as_login "$start" || exit $?',
      // Whoever waits for the lock is to find it: by its pid file, since a program that has just begun may change its name.
      'i=0; while find_node; [ $i -lt 50 ] && [ -z "$pidFile" ]; do sleep 0.1; i=$((i + 1)); done',
    ],
  });
}

/**
 * `as_login <command>` runs it as a login shell does that was just begun: with the variables that sshd gave to this session,
 * before any file or line of ours touched them, and those that the start files of a login set; with their mask of file modes,
 * in the directory where the session began, and with no file of ours open. `$maskBefore` is the mask before ours.
 */
const asLogin = [
  `given=$(sed -z "s/'/'\\\\\\\\''/g; s/^/'/; s/\\$/'/" "/proc/$$/environ" 2>/dev/null | tr '\\0' ' ')`,
  'as_login() { command=$1',
  'if [ -n "$given" ]; then eval "set -- env -i $given"; else set -- env -u LC_ALL; fi',
  // A C shell takes no command together with -l; it reads one as well.
  `case $SHELL in *csh) set -- "$@" "$SHELL" -l;; *) set -- "$@" "\${SHELL:-/bin/sh}" -l -c "$command";; esac`,
  // What is started lives on, and must not keep the lock.
  '( umask "$maskBefore"; exec 9>&-',
  `case $SHELL in *csh) printf '%s\\n' "$command" | "$@";; *) exec "$@" </dev/null;; esac ); }`,
];
