import { findingNode } from './finding-node.ts';
import type { JavaSource } from './host-answers.ts';
import { downloaders, neededTools } from './host-tools.ts';
import type { ReadCommand } from './port.ts';
import { wholeNumber } from './quote.ts';
import { ownDirOf } from './release-dirs.ts';
import { absolute, assign, type NodeKind, ownedDir, read, shortNames } from './shell-text.ts';

/** Which tools the host has; read the answer with `parseTools`. */
export function hasTools(): ReadCommand {
  return read('has-tools', [
    `for tool in ${[...neededTools, ...downloaders].join(' ')}; do`,
    'if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; fi; done',
    // Other versions of tar know neither --wildcards nor --quoting-style.
    'case $(tar --version 2>/dev/null) in *"GNU tar"*) echo gnu-tar;; esac',
    'case $(stat --version 2>/dev/null) in *"GNU coreutils"*) echo gnu-stat;; esac',
  ]);
}

/**
 * The clock of a host, and almost nothing else, so that the round trip takes little time; read the answer with
 * `parseClock`.
 */
export function clock(): ReadCommand {
  return read('clock', ['date +%s%3N']);
}

/**
 * `mount_of <path>`: the mount point that the path belongs to. Comparing devices would not be enough: a bind-mounted
 * directory cannot be renamed either, and `stat` does not show that.
 */
export const mountOf =
  'mount_of() { if mountpoint -q "$1" 2>/dev/null; then readlink -f -- "$1"; else stat -c %m -- "$1" 2>/dev/null; fi; }';

/**
 * Whether binaries can be swapped by renames: `bin`, `lib` and Starwarden's own directory have to be on one file system,
 * which may be written. Read the answer with `parseSwapPlace`.
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

/** The user a node belongs to, and the one who would start it; read the answer with `parseOwner`. */
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
 * The JDK at `home`; null = what the start script uses where nothing names a JDK: JAVA_HOME of the environment, else the
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

/** Log files that help to understand why a node did not come up, the most helpful first. */
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
  /** Where the start script writes the program's output. */
  readonly outDir: string;
  /** Where the program writes its own log. */
  readonly logDir: string;
  /** How many lines of each file. */
  readonly lines: number;
}): ReadCommand {
  return read('read-node-logs', [
    assign('outDir', absolute(outDir)),
    assign('logDir', absolute(logDir)),
    `for name in ${logNames[kind].join(' ')}; do`,
    `case $name in ${shortNames[kind]}.out) file=$outDir/$name;; *) file=$logDir/$name;; esac`,
    '[ -f "$file" ] && [ -r "$file" ] || continue',
    `text=$(tail -c 200000 -- "$file" | tr -d '\\000' | tail -n ${wholeNumber(lines)} | cut -b 1-2000)`,
    // The count comes first, so that no line of a log can be mistaken for one of ours.
    'echo "$(printf "%s\\n" "$text" | wc -l) $name"; printf "%s\\n" "$text"; done',
  ]);
}
