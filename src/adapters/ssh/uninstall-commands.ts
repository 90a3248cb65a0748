import { failing, lock, lockedScript } from './locked-script.ts';
import {
  allOurs,
  type ClaimedPlace,
  checkedPlace,
  dirsOf,
  findingStrangers,
  findingUsers,
  lookingAt,
} from './place-script.ts';
import type { ShellCommand } from './port.ts';
import { ownDirOf } from './release-dirs.ts';
import { assign } from './shell-text.ts';

/**
 * Takes away what carries this run's marker: data directories first, the deploy directory last, so that a second call finds
 * what the first left. A directory that was absent before is removed, and with it those that were made on the way to it, if
 * they are empty; one that was there, empty, is left there empty. Refused, before anything is removed, while anything works
 * in one of them, while something is mounted below one, or while one holds what neither this run nor StarRocks put there.
 */
export function removeInstalled(place: ClaimedPlace): ShellCommand {
  const dirs = dirsOf(place);
  const text = [
    ...failing,
    ...lookingAt(place),
    assign('dir', checkedPlace(place.deployDir)),
    assign('own', ownDirOf(place.deployDir)),
    // A claim of a worker that died may still be at work.
    'exec 8</; flock -w 60 8 || die busy "another node is being claimed on this machine"; exec 8<&-',
    `for each in ${dirs.join(' ')}; do half=$each; while [ -n "$half" ]; do`,
    // Where a claim broke off, its directory has the run in its name.
    `rm -rf --one-file-system -- "\${half%/*}/.\${half##*/}.$runId" 2>/dev/null || :; half=\${half%/*}; done; done`,
    `for each in ${dirs.join(' ')}; do what_of "$each"; [ "$owner" = other ] || rm -f -- "$each/$placeMark.$runId" 2>/dev/null || :; done`,
    'what_of "$dir"; if [ "$owner" = ours ]; then',
    '[ ! -L "$own" ] || die unsafe "$own is a symbolic link"',
    ...lock(60),
    'fi',
    ...findingUsers,
    ...findingStrangers(place),
    `for each in ${dirs.join(' ')}; do what_of "$each"; case $owner in unknown) die denied "$why";; ours) nobody_in "$each"; all_known "$each";; esac; done`,
    ...removing,
    `for each in ${dirs.toReversed().join(' ')}; do take_away "$each"; done`,
    'echo "nothing of $nodeLabel is left"',
  ];
  return { name: 'remove-installed', text: text.join('\n'), effect: 'change' };
}

/** Empties the data directories that are ours, so that the node can be started as new once more. */
export function clearData(place: ClaimedPlace): ShellCommand {
  const dirs = place.dataDirs.map(checkedPlace);
  return lockedScript({
    name: 'clear-data',
    deployDir: checkedPlace(place.deployDir),
    waitSeconds: 60,
    lines: [
      ...allOurs(place),
      ...findingUsers,
      ...findingStrangers(place),
      'nobody_runs "$claimed"',
      `for each in ${dirs.join(' ')}; do nobody_in "$each"; all_known "$each"; done`,
      ...removing,
      `for each in ${dirs.join(' ')}; do empty_out "$each"; done`,
      'why=$(rm -f -- "$claimed/$begunMark" 2>&1) || fail "$why"',
      'echo "the data directories of $nodeLabel are empty"',
    ],
  });
}

const removing = [
  // The marker goes last: whatever is left until then is known to be ours.
  'empty_out() { why=$(find "$1" -mindepth 1 -maxdepth 1 ! -name "$placeMark" ! -name lost+found \\',
  '-exec rm -rf --one-file-system -- {} + 2>&1) || fail "$why"; }',
  'take_away() { what_of "$1"; [ "$owner" = ours ] || return 0',
  'was=$(sed -n "s/^was=//p" "$1/$placeMark"); top=$(sed -n "s/^top=//p" "$1/$placeMark")',
  'case $1/ in "$top"/*) ;; *) top=$1;; esac',
  'empty_out "$1"; why=$(rm -f -- "$1/$placeMark" 2>&1) || fail "$why"',
  '[ "$was" = absent ] || return 0; why=$(rmdir -- "$1" 2>&1) || fail "$why"',
  `up=$1; while [ "$up" != "$top" ]; do up=\${up%/*}; rmdir -- "$up" 2>/dev/null || break; done; }`,
];
