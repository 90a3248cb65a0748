import { findingNode } from './finding-node.ts';
import type { JavaSource } from './host-answers.ts';
import { downloaders, neededTools } from './host-tools.ts';
import type { ReadCommand } from './port.ts';
import { wholeNumber } from './quote.ts';
import { ownDirOf } from './release-dirs.ts';
import { absolute, assign, type NodeKind, ownedDir, read, shortNames } from './shell-text.ts';

/** Which tools there are; read the answer with `parseTools`. */
export function hasTools(): ReadCommand {
  return read('has-tools', [
    `for tool in ${[...neededTools, ...downloaders].join(' ')}; do`,
    'if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; fi; done',
    // Others know neither --wildcards nor --quoting-style.
    'case $(tar --version 2>/dev/null) in *"GNU tar"*) echo gnu-tar;; esac',
    'case $(stat --version 2>/dev/null) in *"GNU coreutils"*) echo gnu-stat;; esac',
  ]);
}

/** The clock of a host, and little else, so that the way there and back counts for little; read with `parseClock`. */
export function clock(): ReadCommand {
  return read('clock', ['date +%s%3N']);
}

/**
 * `mount_of <path>`: what it is mounted by. The device would not tell: a directory that is bound to its place cannot be
 * renamed either, and `stat` knows nothing of that.
 */
export const mountOf =
  'mount_of() { if mountpoint -q "$1" 2>/dev/null; then readlink -f -- "$1"; else stat -c %m -- "$1" 2>/dev/null; fi; }';

/**
 * Whether binaries can be swapped by renames: `bin`, `lib` and the directory of ours on one file system, which may be
 * written. Read the answer with `parseSwapPlace`.
 */
export function sameFileSystem({ deployDir }: { deployDir: string }): ReadCommand {
  return read('same-file-system', [
    assign('dir', ownedDir(deployDir)),
    assign('own', ownDirOf(deployDir)),
    mountOf,
    'echo "deployDir=$(mount_of "$dir")"',
    'for name in bin lib; do if [ -L "$dir/$name" ]; then echo "$name=link"; else echo "$name=$(mount_of "$dir/$name")"; fi; done',
    'if [ -L "$own" ]; then echo starwarden=link; elif [ -e "$own" ]; then echo "starwarden=$(mount_of "$own")"; fi',
    'if [ -w "$dir" ]; then echo writable=yes; else echo writable=no; fi',
  ]);
}

/** Whom a node belongs to, and who would start it; read the answer with `parseOwner`. */
export function ownerOf({ deployDir, kind }: { deployDir: string; kind: NodeKind }): ReadCommand {
  return read('owner-of', [
    assign('dir', ownedDir(deployDir)),
    ...findingNode({ deployDir, kind }),
    'find_node; echo "login=$(id -un)"',
    'of=$dir; [ -z "$found" ] || of=/proc/$found',
    'owner=$(stat -c %U -- "$of"); [ "$owner" != UNKNOWN ] || owner=$(stat -c %u -- "$of"); echo "owner=$owner"',
  ]);
}

/**
 * The JDK at `home`; null = what the start script takes where nothing names one: JAVA_HOME of the environment, else the
 * `java` that is found. Read the answer with `parseJava`.
 */
export function javaVersionFor({ home, from = 'conf' }: { home: string | null; from?: JavaSource }): ReadCommand {
  return read('java-version', [
    home === null ? 'home=$JAVA_HOME; from=environment' : `${assign('home', home)}; from=${from}`,
    `if [ -z "$home" ]; then from=path; java=$(command -v java) && java=$(readlink -f -- "$java") && home=\${java%/bin/java}; fi`,
    'echo "from=$from"; echo "home=$home"',
    'if [ -n "$home" ] && [ -x "$home/bin/java" ]; then',
    'echo "version=$("$home/bin/java" -version 2>&1 </dev/null | grep " version " | head -n 1)"; fi',
    'if [ -n "$home" ] && [ -x "$home/bin/javac" ]; then echo compiler=yes; else echo compiler=no; fi',
  ]);
}

/** Which files tell most of a node that did not come up, the most telling first. */
const logNames = {
  frontend: ['fe.out', 'fe.warn.log', 'fe.log'],
  backend: ['be.out', 'be.WARNING', 'be.INFO'],
  'compute-node': ['cn.out', 'cn.WARNING', 'cn.INFO'],
} as const satisfies Record<NodeKind, readonly string[]>;

/** The last lines of a node's logs. Lines are cut at 2,000 bytes. Read the answer with `parseNodeLogs`. */
export function readNodeLogs({
  kind,
  outDir,
  logDir,
  lines,
}: {
  readonly kind: NodeKind;
  /** Where the start script writes what the program says. */
  readonly outDir: string;
  /** Where the program writes its own log. */
  readonly logDir: string;
  /** Of each file. */
  readonly lines: number;
}): ReadCommand {
  return read('read-node-logs', [
    assign('outDir', absolute(outDir)),
    assign('logDir', absolute(logDir)),
    `for name in ${logNames[kind].join(' ')}; do`,
    `case $name in ${shortNames[kind]}.out) file=$outDir/$name;; *) file=$logDir/$name;; esac`,
    '[ -f "$file" ] && [ -r "$file" ] || continue',
    `text=$(tail -c 200000 -- "$file" | tr -d '\\000' | tail -n ${wholeNumber(lines)} | cut -b 1-2000)`,
    // The count comes first, so that no line of a log can be taken for ours.
    'echo "$(printf "%s\\n" "$text" | wc -l) $name"; printf "%s\\n" "$text"; done',
  ]);
}
