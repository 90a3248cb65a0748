import { findingNode } from './finding-node.ts';
import { lockedScript } from './locked-script.ts';
import type { ShellCommand } from './port.ts';
import { type NodeKind, shortNames } from './shell-text.ts';

/**
 * Runs the node's own start script, unless a process of the node is there. StarRocks' scripts look for a pid file alone:
 * one that is sent a second time while the first is at work starts a second process, which ends for want of its ports and
 * leaves its number in the pid file of the one that lives. This one waits for the first, and finds it done.
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
      'pid=$(node_pid)',
      'if [ -n "$pid" ]; then echo "it runs as process $pid already"; exit 0; fi',
      // What is started lives on, and must not keep the lock.
      `${start.text} 9>&- || exit $?`,
      // Whoever waits for the lock is to find it; it may take a moment to write its number.
      `i=0; while [ $i -lt 50 ]; do pid=; read -r pid 2>/dev/null <"$dir/bin/${shortNames[node.kind]}.pid" || :`,
      `case $pid in '' | *[!0-9]*) ;; *) if runs "$pid"; then break; fi;; esac; sleep 0.1; i=$((i + 1)); done`,
    ],
  });
}
