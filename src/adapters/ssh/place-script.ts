import { whyNotADirectory } from '../../domain/deploy/directories.ts';
import { AppError } from '../../errors.ts';
import { assign, type NodeKind } from './shell-text.ts';

/** In each directory of a node that a run has claimed: names the run, the deploy directory and the directory itself. */
export const placeMark = '.starwarden-node';
/** In the deploy directory, from the moment before the first start: the run's id. */
export const begunMark = '.starwarden-begun';

/** A new node's directories on a host, and whose they are to be. */
export type ClaimedPlace = {
  readonly kind: NodeKind;
  readonly label: string;
  readonly runId: string;
  readonly deployDir: string;
  readonly dataDirs: readonly string[];
};

/** A directory that may be made and removed: `INVALID_INPUT` for the root, directories of the system, and paths that lead. */
export function checkedPlace(path: string): string {
  const why = whyNotADirectory(path);
  if (why !== null) throw new AppError('INVALID_INPUT', why, { hint: 'Name a directory of its own for the node.' });
  return path;
}

/** The deploy directory first, then the data directories. */
export function dirsOf({ deployDir, dataDirs }: Pick<ClaimedPlace, 'deployDir' | 'dataDirs'>): string[] {
  return [deployDir, ...dataDirs].map(checkedPlace);
}

/**
 * `what_of <dir>` sets `owner` (nobody, ours, other), `empty` (yes, no) and, for another owner, `why`. A directory is ours if
 * its marker names this run, the node's deploy directory and this very directory: a copy of it elsewhere is not. What people call the node is for people, since a cluster may call it by another address later. What a file system keeps for
 * itself at its root (`lost+found`) does not count as something that is in it.
 */
export function lookingAt({ runId, label, ...place }: ClaimedPlace): string[] {
  return [
    assign('runId', checkedRunId(runId)),
    assign('nodeLabel', checkedLabel(label)),
    assign('claimed', checkedPlace(place.deployDir)),
    `placeMark=${placeMark}; begunMark=${begunMark}`,
    'mark_of() { printf "run=%s\\nhome=%s\\ndir=%s\\n" "$runId" "$claimed" "$1"; }',
    'what_of() { owner=other; empty=no; why=',
    'if [ -L "$1" ]; then why="$1 is a symbolic link"; return; fi',
    'real=$(readlink -m -- "$1" 2>/dev/null)',
    `if [ "$real" != "$1" ]; then why="$1 leads to \${real:-somewhere else}; give that path"; return; fi`,
    'if [ ! -e "$1" ]; then owner=nobody; empty=yes; return; fi',
    'if [ ! -d "$1" ]; then why="$1 is no directory"; return; fi',
    'names=$(ls -A -- "$1" 2>/dev/null) || { why="$1 cannot be read by $(id -un)"; return; }',
    'left=$(printf "%s\\n" "$names" | grep -vxF -e "$placeMark" -e "$placeMark.$runId" -e "$begunMark" -e lost+found)',
    '[ -n "$left" ] || empty=yes',
    'if [ -f "$1/$placeMark" ] && [ ! -L "$1/$placeMark" ]; then',
    'text=$(cat -- "$1/$placeMark" 2>/dev/null) || { why="$1/$placeMark cannot be read by $(id -un)"; return; }',
    'if [ "$(printf "%s\\n" "$text" | head -n 3)" = "$(mark_of "$1")" ]; then owner=ours; return; fi',
    'why="$1 was claimed before: $(printf "%s\\n" "$text" | sed -n "/^run=/p; /^node=/p" | paste -sd " " -)"; return; fi',
    'if [ "$empty" = yes ]; then owner=nobody; else why="$1 is not empty"; fi; }',
    'is_begun() { was=; { read -r was <"$claimed/$begunMark"; } 2>/dev/null; [ "$was" = "$runId" ]; }',
  ];
}

/**
 * `all_ours` ends the script unless each directory carries our marker: what is written, moved or removed in there can then
 * only be this run's.
 */
export function allOurs(place: ClaimedPlace): string[] {
  return [
    ...lookingAt(place),
    `all_ours() { for each in ${dirsOf(place).join(' ')}; do what_of "$each"; case $owner in`,
    'other) die taken "$why";; nobody) die taken "$each does not carry the marker of this run";; esac; done; }',
    'all_ours',
  ];
}

/** Ids of runs are letters, digits and `_`; the marker's lines would be others with anything else. */
function checkedRunId(id: string): string {
  if (!/^[A-Za-z0-9_]{1,64}$/.test(id)) throw new AppError('INVALID_INPUT', `"${id}" is not the id of a run`);
  return id;
}

function checkedLabel(label: string): string {
  if (!/^[\x20-\x7e]{1,300}$/.test(label)) throw new AppError('INVALID_INPUT', `"${label}" is not the label of a node`);
  return label;
}

/**
 * `nobody_runs <dir>` ends the script while a node of that directory runs: its program, by the directory that its start
 * script gave it, or by its arguments where its environment is another user's. `nobody_in <dir>` does so for any program that
 * lies there or has a file open there, as far as /proc shows it; the lock of our own script does not count.
 */
export const findingUsers = [
  'runner_of() { for seen in $(grep -lszxF -e "STARROCKS_HOME=$1" /proc/[0-9]*/environ 2>/dev/null; grep -lszF -e "$1/" /proc/[0-9]*/cmdline 2>/dev/null); do',
  // A shell may have the same environment, and the one that looks has the path among its arguments.
  `seen=\${seen#/proc/}; seen=\${seen%%/*}; case $(cat "/proc/$seen/comm" 2>/dev/null) in java | starrocks_be) echo "$seen"; return;; esac; done; }`,
  // One program for all processes: on a machine with thousands of them, one for each would take seconds.
  'user_of() { { ls -l /proc/[0-9]*/exe; ls -l /proc/[0-9]*/fd; } 2>/dev/null | awk -v dir="$1/" -v lock="$claimed/starwarden/.lock" \'',
  '/^\\/proc\\/[0-9]+\\/fd:$/ { split($0, at, "/"); pid = at[3] }',
  '{ to = index($0, " -> "); if (!to) next; from = substr($0, 1, to - 1); to = substr($0, to + 4)',
  'if (match(from, /\\/proc\\/[0-9]+\\/exe$/)) { split(substr(from, RSTART), at, "/"); pid = at[3] }',
  "if (index(to, dir) == 1 && to != lock) { print pid; exit } }'; }",
  'busy_with() { [ -z "$2" ] || die nodeRuns "process $2 ($(cat "/proc/$2/comm" 2>/dev/null)) works in $1"; }',
  'nobody_runs() { busy_with "$1" "$(runner_of "$1")"; }',
  'nobody_in() { nobody_runs "$1"; busy_with "$1" "$(user_of "$1")"; }',
];
