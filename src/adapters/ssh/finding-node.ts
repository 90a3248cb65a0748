import { assign, type NodeKind, programNames, shortNames } from './shell-text.ts';

/**
 * `find_node` sets `found` to the process of the node in `$dir`, `ticks` to its start time, and `pidFile` to the file
 * that names it; each is empty when there is none. `node_pid` prints the process. This is the only way in which nodes are
 * found. `stale` is a pid file that names a process of that program which has ended, and which StarRocks' scripts take
 * for a running one.
 *
 * The start script chooses where the pid file is: `PID_DIR` of the process says so. The file is not there yet right after
 * the start, and not any more while a compute node drains, so processes are searched as well: by their program, and by
 * the directory that the start scripts give them as `STARROCKS_HOME`. A process that has ended and was not waited for (a
 * zombie) does not count as running.
 */
export function findingNode(
  node: { readonly deployDir: string; readonly kind: NodeKind },
  /** Further directories in which a pid file may be, as the shell writes them: `"$old/bin"`. */
  morePidDirs: readonly string[] = [],
): string[] {
  const file = `${shortNames[node.kind]}.pid`;
  return [
    assign('program', programNames[node.kind]),
    // Field 2, the program's name, may hold blanks and parentheses: further fields are counted from its end.
    'stat_of() { { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1',
    'case $stat in *"($program) "[ZX]*) return 1;; *"($program) "*) ;; *) return 1;; esac',
    `set -- \${stat##*") "}; shift 19; ticks=$1; }`,
    `value_of() { sed -zn "s/^$2=//p" "/proc/$1/environ" 2>/dev/null | tr -d '\\0'; }`,
    // is_node <pid> [<named by a pid file>]
    'is_node() { stat_of "$1" || return 1',
    // The directory first: of many nodes on one host all but one are told apart by it, and each further look is a process.
    'home=$(value_of "$1" STARROCKS_HOME)',
    'if [ -n "$home" ]; then [ "$home" -ef "$dir" ] || return 1; fi',
    `args=$({ tr '\\0' '\\n' <"/proc/$1/cmdline"; } 2>/dev/null)`,
    isOfKind[node.kind],
    '[ -z "$home" ] || return 0',
    // A process of another user: its environment is not shown to us, its arguments are.
    'case $args in *"$dir/"*) ;; *) [ -n "$2" ];; esac; }',
    `names() { named=; { read -r named <"$1/${file}"; } 2>/dev/null || :; [ "$named" = "$2" ]; }`,
    // Only one more directory to search: what is found there is checked like anything else. Read when the others have
    // no pid file of the node, since starting programs is what this script takes its time for.
    `conf_dir() { confDir=$(sed -n 's/^[[:blank:]]*PID_DIR[[:blank:]]*=[[:blank:]]*//p' "$dir/conf/${shortNames[node.kind]}.conf" 2>/dev/null |`,
    `tail -n 1 | sed 's/[[:blank:]]*\\([[:blank:]]#.*\\)*$//; s/^"\\(.*\\)"$/\\1/; s/^[$][{]*STARROCKS_HOME[}]*/@HOME@/')`,
    `case $confDir in @HOME@*) confDir=$dir\${confDir#@HOME@};; esac; }`,
    `is_zombie() { { read -r stat <"/proc/$1/stat"; } 2>/dev/null && case $stat in *"($program) "[ZX]*) ;; *) false;; esac || return 1`,
    // Not while further threads of it work.
    `set -- \${stat##*") "}; [ "\${18}" -le 1 ]; }`,
    `find_node() { found=; pidFile=; stale=; for pidDir in ${['"$dir/bin"', ...morePidDirs].join(' ')} @CONF@; do`,
    'if [ "$pidDir" = @CONF@ ]; then conf_dir; pidDir=$confDir; fi',
    `names "$pidDir" "" || case $named in *[!0-9]*) ;; *)`,
    `if is_node "$named" named; then found=$named; pidFile=$pidDir/${file}; return; fi`,
    `! is_zombie "$named" || stale=$pidDir/${file};; esac; done`,
    'oldest=; for each in $(grep -ls "($program) " /proc/[0-9]*/stat); do',
    `each=\${each#/proc/}; each=\${each%/stat}`,
    // The node may have started children that still look like it: the oldest process is the node.
    'if is_node "$each" && { [ -z "$found" ] || [ "$ticks" -lt "$oldest" ]; }; then found=$each; oldest=$ticks; fi; done',
    '[ -n "$found" ] || return 0; ticks=$oldest; pidDir=$(value_of "$found" PID_DIR)',
    `if [ -n "$pidDir" ] && names "$pidDir" "$found"; then pidFile=$pidDir/${file}; fi; }`,
    'node_pid() { find_node; [ -z "$found" ] || echo "$found"; }',
  ];
}

/** A start script runs `java -version` with the node's variables; a compute node runs the backend's program. */
const isOfKind = {
  frontend: 'case $args in *-version) return 1;; esac',
  backend: `case "\n$args\n" in *"\n--cn\n"*) return 1;; esac`,
  'compute-node': `case "\n$args\n" in *"\n--cn\n"*) ;; *) return 1;; esac`,
} as const satisfies Record<NodeKind, string>;
