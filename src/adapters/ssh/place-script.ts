import { isWithin, whyNotADirectory } from '../../domain/deploy/directories.ts';
import { AppError } from '../../errors.ts';
import { releaseParts } from './release-dirs.ts';
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
 * `what_of <dir>` sets `owner` (nobody, ours, other, unknown), `empty` (yes, no) and, for the last two, `why`. A directory is ours if
 * its marker names this run, the node's deploy directory and this very directory: a copy of it elsewhere is not. What people
 * call the node is for people, since a cluster may call it by another address later. What a file system keeps for itself at
 * its root (`lost+found`) does not count as something that is in it. Nobody's is only what is seen to be absent: a disk that
 * does not answer, or a directory on the way that may not be entered, says nothing.
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
    'if [ ! -e "$1" ]; then seen=$(stat -- "$1" 2>&1); case $seen in *": No such file or directory") owner=nobody; empty=yes;;',
    '*) owner=unknown; why="$1 cannot be looked at: $seen";; esac; return; fi',
    'if [ ! -d "$1" ]; then why="$1 is no directory"; return; fi',
    'names=$(ls -A -- "$1" 2>/dev/null) || { owner=unknown; why="$1 cannot be read by $(id -un)"; return; }',
    'left=$(printf "%s\\n" "$names" | grep -vxF -e "$placeMark" -e "$placeMark.$runId" -e "$begunMark" -e lost+found)',
    '[ -n "$left" ] || empty=yes',
    'if [ -f "$1/$placeMark" ] && [ ! -L "$1/$placeMark" ]; then',
    'text=$(cat -- "$1/$placeMark" 2>/dev/null) || { owner=unknown; why="$1/$placeMark cannot be read by $(id -un)"; return; }',
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
    'other | unknown) die taken "$why";; nobody) die taken "$each does not carry the marker of this run";; esac; done; }',
    'all_ours',
  ];
}

/**
 * What StarRocks makes at the top of its deploy directory and of its directories of data, by its sources (`Config.java`,
 * `config.h`, `olap_define.h`, `datacache.cpp`) and what a JVM and a kernel leave where a process died; as patterns of a shell.
 */
const madeAtHome = [
  ...[...releaseParts, 'conf', 'starwarden', 'log', 'temp_dir', 'small_files', 'caches', 'plugin', 'plugins'],
  ...['spill', 'var', 'query_debug_trace'],
  ...['*.dmp', 'core', 'core.*', 'hs_err_pid*.log', 'java_pid*.hprof', 'replay_pid*.log'],
];
const madeInData = {
  frontend: ['bdb', 'image', 'image.*', 'feature'],
  backend: [
    ...['data', 'meta', 'snapshot', 'trash', 'unused', 'clone', 'tmp', 'persistent', 'replication', 'cluster_id'],
    ...['mini_download', 'dpp_download', 'error_log', 'rejected_record', 'align_tag', '.testfile'],
    ...['datacache', 'block_cache', 'starlet_cache', 'spill'],
  ],
} as const;

/**
 * `all_known <dir>` ends the script unless all that is at the top of a directory of the node is what this run or StarRocks
 * puts there, and nothing is mounted anywhere below it: `rm` enters another file system that it is handed by name. The
 * directories of data hold nothing before the first start was begun. What people put into `conf`, `lib` or `log` goes with
 * them.
 */
export function findingStrangers(place: ClaimedPlace): string[] {
  const inData = madeInData[place.kind === 'frontend' ? 'frontend' : 'backend'];
  const [home = '', ...data] = dirsOf(place);
  const onTheWay = waysWithin(home, data);
  const atHome = [...madeAtHome, ...(onTheWay.get(home) ?? [])].join(' | ');
  onTheWay.delete(home);
  return [
    'is_known() { case $2 in "$placeMark" | "$placeMark.$runId" | "$begunMark" | "$begunMark.half" | lost+found) return 0;; esac',
    `if [ "$1" = "$claimed" ]; then case $2 in ${atHome}) return 0;; esac; return 1; fi`,
    ...[...onTheWay].map(
      ([dir, names]) =>
        `if [ "$1" = ${dir} ]; then case $2 in ${[...names].join(' | ')}) return 0;; esac; return 1; fi`,
    ),
    `is_begun || return 1; case $2 in ${inData.join(' | ')}) return 0;; esac; return 1; }`,
    // What lies between the deploy directory and a directory of data in it was made on the way, and holds nothing else.
    `all_known() { only_ours "$1"; [ "$1" = "$claimed" ] || return 0; for way in ${[...onTheWay.keys()].join(' ')}; do [ ! -d "$way" ] || only_ours "$way"; done; }`,
    'only_ours() { on=$(awk -v dir="$1/" \'index($5, dir) == 1 { print $5; exit }\' /proc/self/mountinfo) || die failed "what is mounted on this machine cannot be told"',
    '[ -z "$on" ] || die taken "something is mounted at $on, which is left alone; unmount it first"',
    'names=$(ls -A -- "$1" 2>&1) || fail "$names"',
    'stranger=$(printf "%s\\n" "$names" | while IFS= read -r name; do [ -z "$name" ] || is_known "$1" "$name" || { printf "%s" "$name"; break; }; done)',
    '[ -z "$stranger" ] || die taken "$1 holds $stranger, which neither this run nor StarRocks put there; move it away first"; }',
  ];
}

/** The directories from `home` down to each of the others that lies in it, with what of them is in each. */
function waysWithin(home: string, others: readonly string[]): Map<string, Set<string>> {
  const ways = new Map<string, Set<string>>();
  for (const path of others.filter((other) => other !== home && isWithin(other, home))) {
    let at = home;
    for (const name of path.slice(home.length + 1).split('/')) {
      ways.set(at, (ways.get(at) ?? new Set()).add(name));
      at = `${at}/${name}`;
    }
  }
  return ways;
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
