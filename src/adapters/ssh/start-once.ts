import { findingNode } from './finding-node.ts';
import { lockedScript } from './locked-script.ts';
import type { ShellCommand } from './port.ts';
import type { NodeKind } from './shell-text.ts';

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
      `${start.text} 9>&-`,
    ],
  });
}
