import { exitCodes } from './host-failure.ts';
import type { ShellCommand } from './port.ts';
import { wholeNumber } from './quote.ts';
import { ownDirOf } from './release-dirs.ts';
import { assign, ownedDir } from './shell-text.ts';

export type LockedScript = {
  readonly name: string;
  readonly deployDir: string;
  /** How long to wait for another script at the same node, in seconds. */
  readonly waitSeconds: number;
  readonly lines: readonly string[];
};

/**
 * A script that is alone in `<deployDir>/starwarden`. When a worker dies, sshd does not end what it started, so an
 * earlier script may still be at work: the lock is inherited by every program that the script started, and ends with the
 * last of them. In the script, `$dir` is the deploy directory and `$own` Starwarden's own directory in it.
 */
export function lockedScript({ name, deployDir, waitSeconds, lines }: LockedScript): ShellCommand {
  const text = [
    assign('dir', ownedDir(deployDir)),
    assign('own', ownDirOf(deployDir)),
    ...failing,
    '[ -d "$dir" ] || die unsafe "$dir is no directory"',
    '[ ! -L "$own" ] || die unsafe "$own is a symbolic link"',
    ...lock(waitSeconds),
    ...lines,
  ];
  return { name, text: text.join('\n'), effect: 'change' };
}

const codes = Object.entries(exitCodes).map(([reason, code]) => `${reason}) code=${code};;`);

/**
 * `die <reason> <sentence>` ends the script. `fail <output of a program>` does so too, and finds the reason from the
 * words of the output, which are those of the C locale.
 */
export const failing = [
  // These settings are for our script only: a program that is started for good gets its own back, see `startOnce`.
  'maskBefore=$(umask); export LC_ALL=C; umask 022',
  `die() { case $1 in ${codes.join(' ')} esac; shift`,
  // The first lines say most, and tar prints one for each file for which there was no room.
  `printf '%s\\n' "$*" | head -n 3 | paste -sd ';' >&2; exit "$code"; }`,
  'fail() { case $1 in',
  '*"No space left"* | *"quota exceeded"*) die noSpace "$1";;',
  '*"Permission denied"* | *"Operation not permitted"* | *"Read-only file system"*) die denied "$1";;',
  '*) die failed "$1";;',
  'esac; }',
];

/** Whoever removes the directory removes the lock file too: a script that waited meanwhile then holds a file that is gone. */
export function lock(waitSeconds: number): string[] {
  return [
    'while :; do',
    // The deploy directory itself is never made here: whoever waited while it was removed must not bring it back.
    'why=$({ { [ -d "$own" ] || mkdir -- "$own" || [ -d "$own" ]; } && touch -- "$own/.lock"; } 2>&1) || fail "$why"',
    'exec 9>>"$own/.lock"',
    `flock -w ${wholeNumber(waitSeconds)} 9 || die busy "another change of $dir is still at work"`,
    '[ "$(stat -Lc %d:%i /proc/self/fd/9)" != "$(stat -c %d:%i -- "$own/.lock" 2>/dev/null)" ] || break',
    'done',
  ];
}

/**
 * For the end of scripts that remove something: once only the lock file is left, it is removed too, so that nothing
 * remains. A script that opened the lock file before finds that it is gone, and makes another.
 */
export const leaveNothingEmpty = [
  'rmdir -- "$own/staged" "$own/kept" "$own/archives" 2>/dev/null',
  'case $(ls -A -- "$own") in .lock) rm -f -- "$own/.lock"; rmdir -- "$own" 2>/dev/null;; esac; :',
];
