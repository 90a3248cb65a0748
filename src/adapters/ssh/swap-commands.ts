import { findingNode } from './finding-node.ts';
import { mountOf } from './host-commands.ts';
import { lockedScript } from './locked-script.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import {
  checkedKeptName,
  checkedStagedId,
  neededParts,
  ownDirOf,
  partsOfReleaseAlone,
  releaseParts,
} from './release-dirs.ts';
import { assign, type NodeKind, ownedDir, read } from './shell-text.ts';
import { notHalfSwapped, staging } from './stage-commands.ts';

export type Swap = {
  readonly deployDir: string;
  readonly kind: NodeKind;
  /** The staged binaries to put in place, by `stagedIdOf`. */
  readonly stagedId: string;
  /** Where the binaries that run now are kept, by `keptNameOf`. */
  readonly keptName: string;
};

/**
 * Puts the staged binaries in the place of the present ones, and keeps those: for each part `mv <part> kept/…`, then `mv
 * staged/… <part>`. Continues from wherever an earlier one stopped, and moves nothing at all when the swap cannot be
 * completed. Refuses while a process of the node runs. `conf`, `meta`, `log` and `storage` are not touched.
 */
export function swapBinaries(swap: Swap): ShellCommand {
  return lockedScript({
    name: 'swap-binaries',
    deployDir: swap.deployDir,
    waitSeconds: 60,
    lines: [
      ...swapping(swap),
      `for name in ${neededParts.join(' ')}; do`,
      'is_of_release "$dir/$name" || is_of_release "$new/$name" || die nothingThere "$id is not staged: it has no $name"; done',
      ...notWhileRunning(swap),
      // All checks come before the first move.
      eachPart([
        'is_of_release "$dir/$name" && continue',
        'if is_there "$dir/$name" && { is_there "$new/$name" || is_of_release_alone; } && is_there "$old/$name"; then',
        'die inTheWay "$name is both in place and kept"; fi',
        'is_same_disk "$dir/$name" || die unsafe "$dir/$name is on another file system than $own"',
      ]),
      'why=$(mkdir -p -- "$old" 2>&1) || fail "$why"',
      eachPart([
        'is_of_release "$dir/$name" && continue',
        'if is_there "$new/$name" || is_of_release_alone; then',
        'is_there "$dir/$name" && move "$dir/$name" "$old/$name"',
        'is_there "$new/$name" && move "$new/$name" "$dir/$name"; fi',
      ]),
      'sync -- "$dir" "$old" "$new" 2>/dev/null || :',
      'echo "$id is in place"',
    ],
  });
}

/**
 * The reverse: the new binaries return to where they were staged, so that a retry need not unpack again, and the kept
 * ones to their place. Continues from half-way, also from half a swap in the other direction.
 */
export function swapBack(swap: Swap): ShellCommand {
  return lockedScript({
    name: 'swap-back',
    deployDir: swap.deployDir,
    waitSeconds: 60,
    lines: [
      ...swapping(swap),
      `for name in ${neededParts.join(' ')}; do is_there "$old/$name" && continue`,
      'if is_of_release "$dir/$name" || ! is_there "$dir/$name"; then',
      `die nothingThere "nothing is kept as \${old##*/} that $name could be taken back from"; fi; done`,
      ...notWhileRunning(swap),
      eachPart([
        'if ! is_of_release "$dir/$name" && is_there "$dir/$name" && is_there "$old/$name"; then',
        'die inTheWay "$name is both in place and kept"; fi',
        'is_same_disk "$dir/$name" || die unsafe "$dir/$name is on another file system than $own"',
      ]),
      'why=$(mkdir -p -- "$new" 2>&1) || fail "$why"',
      eachPart([
        // If the release was unpacked again while it was in place, both copies are the same.
        'if is_of_release "$dir/$name"; then rm -rf -- "$new/$name"; move "$dir/$name" "$new/$name"; fi',
        'if is_there "$old/$name"; then move "$old/$name" "$dir/$name"; fi',
      ]),
      'sync -- "$dir" "$new" 2>/dev/null || :',
      'rmdir -- "$old" 2>/dev/null || :',
      `echo "\${old##*/} is in place"`,
    ],
  });
}

/** Which binaries are in place; read the answer with `parseBinariesState`. Does not wait for a lock. */
export function binariesState({ deployDir, stagedId, keptName }: Omit<Swap, 'kind'>): ReadCommand {
  return read('binaries-state', [
    assign('dir', ownedDir(deployDir)),
    assign('own', ownDirOf(deployDir)),
    assign('id', checkedStagedId(stagedId)),
    `old=$own/kept/${checkedKeptName(keptName)}`,
    ...staging,
    ...looking,
    eachPart([
      `live=no; if is_there "$dir/$name"; then live=other; if is_of_release "$dir/$name"; then live=new; fi; fi`,
      'staged=no; if is_of_release "$new/$name"; then staged=yes; fi',
      'kept=no; if is_there "$old/$name"; then kept=yes; fi',
      'echo "$name $live $staged $kept"',
    ]),
  ]);
}

/** Which binaries are kept, and how much room they take; read the answer with `parseKept`. */
export function listKept({ deployDir }: { deployDir: string }): ReadCommand {
  return read('list-kept', [
    assign('own', ownDirOf(deployDir)),
    // A directory that may not be read is not an empty one.
    'if [ -e "$own/kept" ]; then ls -- "$own/kept" >/dev/null || exit 1; elif [ -e "$own" ]; then ls -- "$own" >/dev/null || exit 1; fi',
    'for kept in "$own"/kept/*; do [ -d "$kept" ] || continue',
    `size=$(du -sk -- "$kept" 2>/dev/null) || :; size=\${size%%[!0-9]*}; echo "\${size:-0} \${kept##*/}"; done`,
    'echo "that is all"',
  ]);
}

/**
 * Removes everything of Starwarden's at a node: kept and staged binaries, archives. After this the only way back is to
 * stage again. Nothing outside is removed, wherever links lead, and nothing at all when the node's binaries are half
 * swapped.
 */
export function removeStarwardenDir({ deployDir }: { deployDir: string }): ShellCommand {
  return lockedScript({
    name: 'remove-starwarden-dir',
    deployDir,
    waitSeconds: 60,
    lines: [...notHalfSwapped, 'why=$(rm -rf --one-file-system -- "$own" 2>&1) || fail "$why"'],
  });
}

function swapping({ stagedId, keptName }: Swap): string[] {
  return [
    assign('id', checkedStagedId(stagedId)),
    `old=$own/kept/${checkedKeptName(keptName)}`,
    ...staging,
    ...looking,
    mountOf,
    'ownMount=$(mount_of "$own")',
    'is_same_disk() { [ ! -d "$1" ] || [ -L "$1" ] || [ "$(mount_of "$1")" = "$ownMount" ]; }',
    // Never copies: a file system that could not rename was refused before.
    'move() { why=$(mv -T -- "$1" "$2" 2>&1) || fail "$why"; }',
  ];
}

/** The pid file may be in any of these places after half a swap. */
function notWhileRunning(swap: Swap): string[] {
  return [
    ...findingNode(swap, ['"$old/bin"', '"$new/bin"']),
    'pid=$(node_pid)',
    'if [ -n "$pid" ]; then die nodeRuns "the node in $dir runs as process $pid"; fi',
  ];
}

/** A link counts as there, wherever it leads: it is the link that would be moved. */
const looking = [
  'is_there() { [ -e "$1" ] || [ -L "$1" ]; }',
  `is_of_release_alone() { case $name in ${partsOfReleaseAlone.join(' | ')}) ;; *) false;; esac; }`,
];

function eachPart(lines: readonly string[]): string {
  return [`for name in ${releaseParts.join(' ')}; do`, ...lines, 'done'].join('\n');
}
