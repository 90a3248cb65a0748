import { isVerified, named, type Waiting } from './archive-commands.ts';
import { leaveNothingEmpty, lockedScript } from './locked-script.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import {
  type ArchivePart,
  checkedStagedId,
  neededParts,
  ownDirOf,
  releaseMark,
  releaseParts,
  stagedIdOf,
} from './release-dirs.ts';
import { assign, ownedDir, read } from './shell-text.ts';

export type UnpackRelease = Waiting & {
  readonly deployDir: string;
  /** The deploy directory that holds the archive: that of the host's first node, may be the same. */
  readonly archiveDeployDir: string;
  readonly part: ArchivePart;
  readonly version: string;
  readonly sha256: string;
  /** A node that is new gets `conf` too, where every other node has its own. */
  readonly isNew?: boolean;
};

/**
 * Unpacks the node's part of a release into `starwarden/staged/<id>`, beside the binaries that run. The archive's
 * checksum must have been compared. The unpacked files belong to the owner of the present binaries, have no setuid bits,
 * and are safely on the disk when this ends. When it fails, nothing of them is left. A second call waits for the first
 * and finds its work done.
 */
export function unpackRelease({
  deployDir,
  archiveDeployDir,
  part,
  version,
  sha256,
  isNew = false,
  waitSeconds = 1_800,
}: UnpackRelease): ShellCommand {
  return lockedScript({
    name: 'unpack-release',
    deployDir,
    waitSeconds,
    lines: [
      ...named({ deployDir: archiveDeployDir, sha256 }),
      assign('half', part),
      assign('id', stagedIdOf({ version, sha256 })),
      assign('numbers', version.replace(/-.*$/, '')),
      isVerified,
      ...staging,
      'if is_staged; then echo "$id is staged already"; exit 0; fi',
      'is_verified || die noArchive "there is no archive $file whose sum was compared"',
      // Left by a script that was killed: nobody works on it, otherwise the lock would be held.
      'rm -rf -- "$new.part"',
      // A shell that is ended by a signal does not clean up unless it is told to.
      'trap \'rm -rf -- "$new.part"\' EXIT; trap "exit 143" HUP INT PIPE TERM',
      'why=$(mkdir -p -- "$new.part" 2>&1) || fail "$why"',
      'unreadable() { case $1 in *"No space left"* | *"quota exceeded"*) die noSpace "$1";; esac',
      'die badArchive "$2: $1"; }',
      ...listing(isNew ? [...neededParts, 'conf'] : neededParts),
      ...extracting(isNew ? [...releaseParts, 'conf'] : releaseParts),
      // Moved in one step: either all of it is staged or nothing.
      'rm -rf -- "$new"',
      'why=$(mv -T -- "$new.part" "$new" 2>&1) || fail "$why"',
      'trap - EXIT; sync -- "$own/staged" 2>/dev/null || :',
      'echo "$id is staged"',
    ],
  });
}

/**
 * Whether a release is staged at a node and not in place yet; read the answer with `parseStagedState`. A release that was
 * put in place is not staged any more: see `binariesState`. Does not wait for a lock.
 */
export function stagedState({ deployDir, id }: { deployDir: string; id: string }): ReadCommand {
  return read('staged-state', [
    assign('dir', ownedDir(deployDir)),
    assign('own', ownDirOf(deployDir)),
    assign('id', checkedStagedId(id)),
    ...staging,
    'if is_staged; then echo state=complete; else echo state=absent; fi',
  ]);
}

/** Removes a release that was staged and is not in use: the undo of staging. */
export function removeStaged({ deployDir, id }: { deployDir: string; id: string }): ShellCommand {
  return lockedScript({
    name: 'remove-staged',
    deployDir,
    waitSeconds: 60,
    lines: [
      assign('id', checkedStagedId(id)),
      ...staging,
      ...notHalfSwapped,
      'why=$(rm -rf --one-file-system -- "$new" "$new.part" 2>&1) || fail "$why"',
      ...leaveNothingEmpty,
    ],
  });
}

/**
 * `is_staged`: there is a part that can be put in place, and each needed part is either staged or, after half a swap, in
 * place already. A release that is completely in place is not staged: there is nothing to swap.
 */
export const staging = [
  'new=$own/staged/$id',
  // Read by the shell itself: this is called dozens of times, and starting a program takes a millisecond.
  `is_of_release() { mark=; { read -r mark <"$1/${releaseMark}"; } 2>/dev/null; [ "$mark" = "$id" ]; }`,
  `is_staged() { for needed in ${neededParts.join(' ')}; do`,
  'is_of_release "$new/$needed" || is_of_release "$dir/$needed" || return 1; done',
  `for any in ${releaseParts.join(' ')}; do if is_of_release "$new/$any"; then return 0; fi; done; return 1; }`,
];

/** The binaries in place must be of one release and complete, before anything is removed that could complete them. */
export const notHalfSwapped = [
  '[ -d "$dir/bin" ] && [ -d "$dir/lib" ] &&',
  `[ "$(cat -- "$dir/bin/${releaseMark}" 2>/dev/null)" = "$(cat -- "$dir/lib/${releaseMark}" 2>/dev/null)" ] ||`,
  'die half "the binaries in $dir are half swapped"',
];

/**
 * Checks every member before anything is unpacked. Names come escaped, so one line is one member; the five columns before
 * the name hold no blanks. Prints how the names begin and which parts there are for this kind of node.
 */
const listing = (needed: readonly string[]) => [
  'why=$(tar -tvzf "$file" --numeric-owner --quoting-style=escape 2>&1 >"$new.part/members") ||',
  'unreadable "$why" "the archive cannot be read"',
  `found=$(awk -v half="$half" -v numbers="$numbers" '`,
  'function bad(why) { print why ": " name; failed = 1; exit 1 }',
  '{ type = substr($0, 1, 1); name = $0; for (i = 0; i < 5; i++) sub(/^[^ ]+ +/, "", name)',
  'to = name; if (type == "l") { sub(/ -> .*/, "", name); to = substr(to, length(name) + 5) }',
  'else if (type == "h") { sub(/ link to .*/, "", name); to = substr(to, length(name) + 10) } else to = ""',
  'if (type !~ /^[-dlh]$/) bad("the archive has a member that is no file, directory or link")',
  'if (name ~ /^\\//) bad("the archive has a member with an absolute path")',
  'if (("/" name "/") ~ /\\/\\.\\.\\//) bad("the archive has a member that leads out of it")',
  'dot = (name ~ /^\\.\\//) ? "./" : ""; sub(/^\\.\\/+/, "", name); if (name == "") next',
  'if (("/" name) ~ /\\/\\._/) bad("the archive has a file of macOS, pack it with COPYFILE_DISABLE=1")',
  'depth = split(name, path, "/")',
  'if (top == "") top = path[1]; if (path[1] != top) bad("the archive has more than one directory on top")',
  'if (top == "fe" || top == "be") if (path[2] == "bin" || path[2] == "lib") bad("the archive has no directory around fe and be")',
  'if (tolower(top) ~ /^starrocks-[0-9]+\\.[0-9]+\\.[0-9]+/) { named = substr(top, 11); sub(/[^0-9.].*/, "", named)',
  'if (named != numbers) bad("the directory of the archive is of another version than " numbers) }',
  // A part is unpacked by itself, so a link in it must not lead out of it.
  'if (to != "" && path[2] == half) { if (to ~ /^\\//) bad("the archive has a link that leads out")',
  'sub(/^(\\.\\/+)+/, "", to); at = 0; if (type == "l") for (i = 1; i < depth; i++) way[++at] = path[i]',
  'parts = split(to, step, "/"); for (i = 1; i <= parts; i++) { if (step[i] == "" || step[i] == ".") continue',
  'if (step[i] != "..") way[++at] = step[i]; else if (--at < 2) bad("the archive has a link that leads out") }',
  'if (at < 2 || way[1] != top || way[2] != half) bad("the archive has a link that leads out") }',
  'if (path[2] == half && path[3] != "") prefix[path[3]] = dot }',
  'END { if (!failed) for (part in prefix) print prefix[part] part }',
  `' "$new.part/members" 2>&1) || die badArchive "$found"`,
  'rm -f -- "$new.part/members"',
  'brings() { printf "%s\\n" "$found" | grep -qxF -e "$1" -e "./$1"; }',
  `for needed in ${needed.join(' ')}; do brings "$needed" ||`,
  'die partMissing "the archive has no $half/$needed"; done',
];

/**
 * The archive has one directory at the top, whatever its name; `*` matches it and nothing else, as it matches no slash.
 * If a part were a link, the mark would be written elsewhere.
 */
const extracting = (parts: readonly string[]) => [
  'set --',
  `for name in ${parts.join(' ')}; do if brings "$name"; then set -- "$@" "$name"; fi; done`,
  'prefix=; strip=2; case $found in *./*) prefix=./; strip=3;; esac',
  'for name in "$@"; do shift; set -- "$@" "$prefix*/$half/$name"; done',
  'why=$(tar -xzf "$file" -C "$new.part" --no-same-owner --no-same-permissions --strip-components=$strip \\',
  '--anchored --wildcards --no-wildcards-match-slash -- "$@" 2>&1) || unreadable "$why" "the archive cannot be unpacked"',
  `for name in "$new.part"/*; do { [ -d "$name" ] && [ ! -L "$name" ]; } || die badArchive "\${name##*/} is no directory"`,
  `why=$({ printf '%s\\n' "$id" >"$name/${releaseMark}"; } 2>&1) || fail "$why"; done`,
  'why=$(chmod -R ug-s,u+rwX -- "$new.part" 2>&1) || fail "$why"',
  // We may be logged in as root while the node runs as another user, who writes its pid file into bin.
  'if [ "$(id -u)" = 0 ]; then like=$dir; [ ! -d "$dir/bin" ] || like=$dir/bin',
  'why=$(chown -R -h --reference="$like" -- "$new.part" 2>&1) || fail "$why"; fi',
  // For coreutils older than 8.24: then sync the whole machine.
  'sync -f -- "$new.part" 2>/dev/null || sync',
];
