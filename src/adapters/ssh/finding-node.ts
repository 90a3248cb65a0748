import { readingConf } from './conf-commands.ts';
import { assign, type NodeKind, programNames, shortNames } from './shell-text.ts';

/**
 * `node_pid` prints the process of the node in `$dir`, or nothing. Told by the pid files; and by the variable that the start
 * scripts give to what they start, since `stop_cn.sh` removes the pid file while the process still drains, and one that was
 * just started has none yet.
 */
export function findingNode(
  node: { readonly deployDir: string; readonly kind: NodeKind },
  /** Where else a pid file may be, as the shell sees it: `"$old/bin"`. */
  morePidDirs: readonly string[] = [],
): string[] {
  const pidFile = `"$pidDir/${shortNames[node.kind]}.pid"`;
  return [
    assign('program', programNames[node.kind]),
    ...readingConf(node),
    'runs() { case $(cat "/proc/$1/stat" 2>/dev/null) in *"($program) Z"*) false;; *"($program) "*) ;; *) false;; esac; }',
    `node_pid() { for pidDir in "$dir/bin" ${[...morePidDirs, '"$(conf_value PID_DIR)"'].join(' ')}; do`,
    `pid=; [ ! -r ${pidFile} ] || read -r pid <${pidFile} || :`,
    `case $pid in '' | *[!0-9]*) ;; *) if runs "$pid"; then echo "$pid"; return; fi;; esac; done`,
    'grep -lszxF -e "STARROCKS_HOME=$dir" -e "STARROCKS_HOME=$(readlink -f -- "$dir")" /proc/[0-9]*/environ |',
    'while IFS=/ read -r _ _ pid _; do if runs "$pid"; then echo "$pid"; break; fi; done; }',
  ];
}
