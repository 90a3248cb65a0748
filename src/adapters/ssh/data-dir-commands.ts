import { AppError } from '../../errors.ts';
import { failing } from './locked-script.ts';
import { checkedPlace, findingUsers, placeMark } from './place-script.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';
import { assign, type NodeKind, read, shortNames } from './shell-text.ts';

/** A directory of a node that has left its cluster. */
export type DataDir = {
  readonly kind: NodeKind;
  readonly path: string;
  /** `binaries` = the deploy directory. */
  readonly what: 'data' | 'binaries';
  readonly deployDir: string;
  /** The node's directories of data: what lies in them does not count as binaries. */
  readonly dataDirs: readonly string[];
  /** The id of the record of the removal, which a deletion that has begun leaves in the directory. */
  readonly removalId: string;
};

/** In a directory that is being emptied: whose removal this is, and which directory. It goes last. */
const purgeMark = '.starwarden-purge';

/** What says whose a directory is. These files go after all others, so that a deletion that broke off can be continued. */
function identityFiles({ kind, what }: Pick<DataDir, 'kind' | 'what'>): readonly string[] {
  const short = shortNames[kind];
  if (what === 'binaries') return [`conf/${short}.conf`, `bin/start_${short}.sh`];
  return kind === 'frontend' ? ['image/ROLE', 'image/VERSION'] : ['cluster_id'];
}

/**
 * `identity_of` prints whose the directory is, and nothing where one of its files is missing. The token in these files is a
 * secret of the cluster: only its sum is shown.
 */
function identifying(dir: Pick<DataDir, 'kind' | 'what'>): string[] {
  const [first = '', second = ''] = identityFiles(dir);
  const line =
    'line_of() { head -c 4096 -- "$dir/$1" 2>/dev/null | tr -d "\\000\\r" | sed -n "s/^$2=//p" | head -n 1; }';
  const plain = `plain() { for name in "$@"; do { [ -f "$dir/$name" ] && [ ! -L "$dir/$name" ]; } || return 1; done; }`;
  if (dir.what === 'binaries') {
    return [plain, `identity_of() { if plain ${first} ${second}; then echo ${shortNames[dir.kind]} binaries; fi; }`];
  }
  if (dir.kind === 'frontend') {
    return [
      ...[plain, line],
      `identity_of() { plain ${first} ${second} || return 0; cluster=$(line_of ${second} clusterId); name=$(line_of ${first} name)`,
      'if [ -n "$cluster" ] && [ -n "$name" ]; then echo "cluster $cluster, frontend $name"; fi; }',
    ];
  }
  return [
    plain,
    'identity_of() { plain cluster_id || return 0; text=$(head -c 4096 -- "$dir/cluster_id" | tr -d "\\000" | head -n 1)',
    '[ -n "$text" ] || return 0; sum=$(printf %s "$text" | sha256sum) || return 0',
    `echo "cluster \${text%%-*}, sum $(printf %.16s "$sum")"; }`,
  ];
}

/**
 * Sets `why` to what forbids to touch the directory: it leads elsewhere, is a home, holds another file system, or somebody
 * works there. Empty = nothing does.
 */
function looking({ path, deployDir }: Pick<DataDir, 'path' | 'deployDir'>): string[] {
  return [
    assign('dir', checkedPlace(path)),
    assign('claimed', checkedPlace(deployDir)),
    ...findingUsers,
    'sitter_of() { ls -l /proc/[0-9]*/cwd 2>/dev/null | awk -v dir="$1/" \'{ to = index($0, " -> "); if (!to) next',
    'if (index(substr($0, to + 4) "/", dir) == 1 && match($0, /\\/proc\\/[0-9]+\\/cwd/)) { split(substr($0, RSTART), at, "/"); print at[3]; exit } }\'; }',
    'look() { why=; real=$(readlink -m -- "$dir" 2>/dev/null)',
    'if [ -L "$dir" ]; then why="$dir is a symbolic link"; return; fi',
    `if [ "$real" != "$dir" ]; then why="$dir leads to \${real:-somewhere else}"; return; fi`,
    '[ -e "$dir" ] || return 0',
    'if [ ! -d "$dir" ]; then why="$dir is no directory"; return; fi',
    'if [ ! -r "$dir" ] || [ ! -w "$dir" ] || [ ! -x "$dir" ]; then why="$(id -un) may not read and write in $dir"; return; fi',
    `home=$({ awk -F: '{ print $6 }' /etc/passwd; printf '%s\\n' "$HOME"; } 2>/dev/null | awk -v dir="$dir/" 'index($0 "/", dir) == 1 { print; exit }')`,
    'if [ -n "$home" ]; then why="$home is the home of a user"; return; fi',
    'if [ ! -r /proc/self/mountinfo ]; then why="which file systems are mounted in $dir cannot be told"; return; fi',
    'mounted=$(awk -v dir="$dir/" \'index($5, dir) == 1 { print $5; exit }\' /proc/self/mountinfo)',
    'if [ -n "$mounted" ]; then why="another file system is mounted at $mounted"; return; fi',
    'where=$claimed; worker=$(runner_of "$claimed"); if [ -z "$worker" ]; then where=$dir; for find_in in runner_of user_of sitter_of; do',
    'worker=$($find_in "$dir"); [ -z "$worker" ] || break; done; fi',
    'if [ -n "$worker" ]; then why="process $worker ($(cat "/proc/$worker/comm" 2>/dev/null)) works in $where"; fi; }',
  ];
}

const marking = (removalId: string) => [
  assign('removal', checkedId(removalId)),
  `mark=$dir/${purgeMark}; mark_text() { printf 'removal=%s\\ndir=%s\\n' "$removal" "$dir"; }`,
  'has_begun() { [ -f "$mark" ] && [ ! -L "$mark" ] && [ "$(cat -- "$mark" 2>/dev/null)" = "$(mark_text)" ]; }',
];

/** Whose each directory says it is, a line `<path> <identity>` for each that says it. Read before a node leaves. */
export function identifyDirs({
  kind,
  dirs,
}: {
  readonly kind: NodeKind;
  readonly dirs: readonly string[];
}): ReadCommand {
  return read('identify-dirs', [
    'export LC_ALL=C',
    ...identifying({ kind, what: 'data' }),
    `for dir in ${dirs.map((dir) => quote(checkedPlace(dir))).join(' ')}; do`,
    'said=$(identity_of); [ -z "$said" ] || echo "$dir $said"; done; echo "that is all"',
  ]);
}

/**
 * What lies in a directory of a node that has left, and whose it says it is; read the answer with `parseDataDir`. After
 * `seconds` what was counted until then is told as not whole.
 */
export function countDataDir({ seconds, ...dir }: DataDir & { readonly seconds: number }): ReadCommand {
  const own = dir.what === 'binaries' ? dir.dataDirs.map(checkedPlace).filter((path) => path !== dir.path) : [];
  const pruned = own.length === 0 ? '' : `\\( ${own.map((path) => `-path ${quote(path)}`).join(' -o ')} \\) -prune -o`;
  const others = '-name cluster_id -o -path "*/image/ROLE" -o -path "*/bin/start_[fbc][en].sh" -o -name';
  const mine = '! -path "$dir/starwarden/*" ! -path "$dir/bin/*" ! -path "$dir/cluster_id" ! -path "$dir/image/ROLE"';
  return read('count-data-dir', [
    'export LC_ALL=C',
    ...looking(dir),
    ...marking(dir.removalId),
    ...identifying(dir),
    'if [ -d "$dir" ] && [ ! -L "$dir" ] && exec 9<"$dir"; then flock -n 9 || { echo state=busy; exit 0; }; exec 9<&-; fi',
    'look; if [ -n "$why" ]; then echo state=unsafe; echo "why=$why"; exit 0; fi',
    '[ -e "$dir" ] || { echo state=empty; exit 0; }',
    'if has_begun; then echo begun=yes; else echo begun=no; fi',
    `listed=$({ timeout ${wholeNumber(seconds)} find "$dir" -xdev -mindepth 1 ${pruned} ! -path "$dir/lost+found" ! -path "$dir/lost+found/*" ! -path "$mark" \\`,
    `-printf "%y %s\\n" \\( ${others} ${placeMark} \\) ${mine} ! -path "$dir/${placeMark}" -printf "F %p\\n"; echo "end $?"; } |`,
    `awk '$1 == "end" { code = $2; next } $1 == "F" { if (other == "") other = substr($0, 3); next } $1 == "l" { links += 1 }`,
    '$1 != "d" { files += 1; bytes += $2 } { all += 1 }',
    'END { printf "all=%d\\nfiles=%d\\nbytes=%.0f\\nlinks=%d\\nother=%s\\ncode=%d\\n", all, files, bytes, links, other, code }\') || exit 1',
    'printf "%s\\n" "$listed"; echo "identity=$(identity_of)"',
    'case $listed in all=0*code=0) echo state=empty;; *) echo state=full;; esac',
  ]);
}

/**
 * Deletes what lies in the directory, for `seconds` at most, and nothing else: no link is followed and no other file system
 * entered. Says `empty` or `more`. Everything that forbids it is asked again here; `identity` is what the directory must say
 * of itself, unless this very deletion has begun before.
 */
export function deleteDataIn({
  seconds,
  identity,
  ...dir
}: DataDir & { readonly seconds: number; readonly identity: string }): ShellCommand {
  const kept = identityFiles(dir);
  const parents = [...new Set(kept.flatMap((name) => (name.includes('/') ? [name.slice(0, name.indexOf('/'))] : [])))];
  const spared = [...kept, ...parents].map((name) => `! -path "$dir/${name}"`).join(' ');
  const own = dir.what === 'binaries' ? dir.dataDirs.map(checkedPlace).filter((path) => path !== dir.path) : [];
  const text = [
    ...failing,
    ...looking(dir),
    ...marking(dir.removalId),
    ...identifying(dir),
    assign('identity', identity),
    '[ -e "$dir" ] || { echo empty; exit 0; }',
    'if [ -L "$dir" ] || [ ! -d "$dir" ]; then look; die unsafe "$why"; fi',
    'exec 9<"$dir"; flock -w 40 9 || die busy "an earlier deletion in $dir is still at work"',
    'look; case $why in "") ;; process*) die nodeRuns "$why";; *) die unsafe "$why";; esac',
    'is=$(identity_of)',
    `if [ "$is" != "$identity" ]; then { [ -z "$is" ] && has_begun; } || die taken "$dir says that it belongs to \${is:-nobody} and not to $identity"; fi`,
    ...own.flatMap((path) => [
      `if [ -e ${quote(path)} ] && [ -n "$(find ${quote(path)} -xdev -mindepth 1 ! -name lost+found -print -quit)" ]; then`,
      `die taken ${quote(`${path} is not empty`)}; fi`,
    ]),
    'if ! has_begun; then why=$({ mark_text | cat >"$mark.half" && mv -fT -- "$mark.half" "$mark"; } 2>&1) || fail "$why"; fi',
    `said=$(timeout ${wholeNumber(seconds)} find "$dir" -xdev -depth -mindepth 1 ! -path "$dir/lost+found" ! -path "$dir/lost+found/*" \\`,
    `! -path "$mark" ${spared} -delete 2>&1); code=$?`,
    '[ "$code" != 124 ] || { echo more; exit 0; }',
    '[ "$code" = 0 ] || fail "$said"',
    `said=$(rm -f -- ${kept.map((name) => `"$dir/${name}"`).join(' ')} 2>&1) || fail "$said"`,
    ...parents.map((name) => `if [ -d "$dir/${name}" ]; then said=$(rmdir -- "$dir/${name}" 2>&1) || fail "$said"; fi`),
    'left=$(find "$dir" -xdev -mindepth 1 ! -path "$dir/lost+found" ! -path "$dir/lost+found/*" ! -path "$mark" -print -quit)',
    '[ -z "$left" ] || die inTheWay "$left has appeared meanwhile"',
    'said=$(rm -f -- "$mark" 2>&1) || fail "$said"; sync -- "$dir" 2>/dev/null || :',
    'echo empty',
  ];
  return { name: 'delete-data-in', text: text.join('\n'), effect: 'change' };
}

function checkedId(id: string): string {
  if (!/^[A-Za-z0-9_]{1,64}$/.test(id)) throw new AppError('INVALID_INPUT', `"${id}" is no id of a removal`);
  return id;
}
