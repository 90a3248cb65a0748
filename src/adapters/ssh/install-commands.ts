import { AppError } from '../../errors.ts';
import { findingNode } from './finding-node.ts';
import { lockedScript } from './locked-script.ts';
import { allOurs, begunMark, type ClaimedPlace, checkedPlace, dirsOf, lookingAt } from './place-script.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { quote } from './quote.ts';
import { checkedSha256, checkedStagedId, neededParts, ownDirOf, releaseParts } from './release-dirs.ts';
import { assign, read, shortNames } from './shell-text.ts';
import { staging } from './stage-commands.ts';
import { lookingAtUnit } from './unit-commands.ts';

/** Everything of a release that a new node gets. */
const parts = [...releaseParts, 'conf'] as const;
const needed = [...neededParts, 'conf'] as const;

const maxConfBytes = 65_536;

/** What of a new node is there; read the answer with `parseInstalled`. Does not wait for a lock. */
export function installedState(
  place: ClaimedPlace & { readonly stagedId: string; readonly unit: string | null },
): ReadCommand {
  return read('installed-state', [
    'export LC_ALL=C',
    ...lookingAt(place),
    assign('dir', place.deployDir),
    assign('own', ownDirOf(place.deployDir)),
    assign('id', checkedStagedId(place.stagedId)),
    ...staging,
    `for each in ${dirsOf(place).join(' ')}; do what_of "$each"; echo "dir $owner $empty $each"; [ -z "$why" ] || echo "why $why"; done`,
    'if is_begun; then echo begun=yes; else echo begun=no; fi',
    'some=no; all=yes',
    `for name in ${parts.join(' ')}; do if is_of_release "$dir/$name"; then some=yes; fi; ! is_of_release "$new/$name" || all=no; done`,
    `for name in ${needed.join(' ')}; do is_of_release "$dir/$name" || all=no; done`,
    'case $some:$all in no:*) echo binaries=none;; yes:yes) echo binaries=whole;; *) echo binaries=half;; esac',
    `conf=$dir/conf/${shortNames[place.kind]}.conf`,
    `if [ -e "$conf" ] || [ -L "$conf" ]; then sum=$(sha256sum <"$conf") || exit 3; echo "conf=\${sum%% *}"; else echo conf=none; fi`,
    ...(place.unit === null
      ? ['echo unit=none']
      : [
          ...lookingAtUnit({ unit: place.unit, runId: place.runId, deployDir: place.deployDir }),
          'find_unit; case $unitIs in none) echo unit=none;; *) echo "unit=$unitIs $unitSum";; esac',
        ]),
    'echo "that is all"',
  ]);
}

/**
 * Puts the staged release in place, part by part, by renames. Continues from half-way. The conf file that the release
 * brings for this kind of node is kept beside the one that will be written, as `<name>.release`.
 */
export function putInPlace({ stagedId, ...place }: ClaimedPlace & { readonly stagedId: string }): ShellCommand {
  const conf = `${shortNames[place.kind]}.conf`;
  return lockedScript({
    name: 'put-in-place',
    deployDir: checkedPlace(place.deployDir),
    waitSeconds: 60,
    lines: [
      ...allOurs(place),
      assign('id', checkedStagedId(stagedId)),
      ...staging,
      `for name in ${parts.join(' ')}; do is_of_release "$dir/$name" && continue`,
      '{ [ ! -e "$dir/$name" ] && [ ! -L "$dir/$name" ]; } || die taken "$dir/$name is there already, and not of $id"; done',
      `for name in ${needed.join(' ')}; do is_of_release "$dir/$name" || is_of_release "$new/$name" ||`,
      'die nothingThere "$id is not staged: it has no $name"; done',
      `if [ -f "$new/conf/${conf}" ]; then why=$(mv -T -- "$new/conf/${conf}" "$new/conf/${conf}.release" 2>&1) || fail "$why"; fi`,
      `for name in ${parts.join(' ')}; do [ -d "$new/$name" ] || continue`,
      'if is_of_release "$dir/$name"; then why=$(rm -rf -- "$new/$name" 2>&1) || fail "$why"; continue; fi',
      'why=$(mv -T -- "$new/$name" "$dir/$name" 2>&1) || fail "$why"; done',
      'rmdir -- "$new" "$own/staged" 2>/dev/null || :; sync -- "$dir" 2>/dev/null || :',
      'echo "$id is in place"',
    ],
  });
}

/** Writes the node's conf file through a temporary name, and compares its checksum before it gets its own. */
export function writeConf({
  text,
  sha256,
  ...place
}: ClaimedPlace & { readonly text: string; readonly sha256: string }): ShellCommand {
  if (Buffer.byteLength(text) > maxConfBytes)
    throw new AppError('INVALID_INPUT', 'A conf file may have 64 KiB at most');
  return lockedScript({
    name: 'write-conf',
    deployDir: checkedPlace(place.deployDir),
    waitSeconds: 60,
    lines: [
      ...allOurs(place),
      assign('wanted', checkedSha256(sha256)),
      `conf=$dir/conf/${shortNames[place.kind]}.conf; half=$conf.starwarden`,
      '{ [ -d "$dir/conf" ] && [ ! -L "$dir/conf" ]; } || die nothingThere "$dir/conf is not there"',
      '[ ! -L "$conf" ] || die unsafe "$conf is a symbolic link"',
      `sum_of() { sum=$(sha256sum <"$1") && printf %s "\${sum%% *}"; }`,
      'if [ -e "$conf" ]; then [ "$(sum_of "$conf")" = "$wanted" ] || die taken "$conf is another one than was to be written"; exit 0; fi',
      'why=$(rm -f -- "$half" 2>&1) || fail "$why"',
      // `cat` says why it cannot write; the shell's own printf only that it cannot.
      `why=$({ printf %s ${quote(text)} | (umask 027; cat >"$half"); } 2>&1) || { rm -f -- "$half"; fail "$why"; }`,
      '[ "$(sum_of "$half")" = "$wanted" ] || { rm -f -- "$half"; die failed "$conf did not arrive as it was sent"; }',
      'sync -- "$half" 2>/dev/null || :; why=$(mv -T -- "$half" "$conf" 2>&1) || fail "$why"',
      'echo "$conf is written"',
    ],
  });
}

/**
 * What comes before a first start, in the script of the start: every directory is ours, and the data directories are empty
 * unless this run has begun the start before.
 */
export function beforeFirstStart(place: ClaimedPlace): string[] {
  return [
    ...allOurs(place),
    'if ! is_begun; then',
    `for each in ${place.dataDirs.map(checkedPlace).join(' ')}; do what_of "$each"; [ "$empty" = yes ] || die taken "$each is not empty"; done`,
    `why=$({ printf '%s\\n' "$runId" | cat >"$claimed/${begunMark}.half" && sync -- "$claimed/${begunMark}.half" &&`,
    `mv -fT -- "$claimed/${begunMark}.half" "$claimed/$begunMark"; } 2>&1) || fail "$why"; fi`,
  ];
}

/** Where a node runs there already, as process `$found`: it is ours only once this run has begun the start. */
export function onlyIfBegun(place: ClaimedPlace): string[] {
  return [
    ...allOurs(place),
    'is_begun || die taken "process $found runs in $claimed, and this run has not started it"',
  ];
}

/** The same by itself, for a node that systemd starts. */
export function beginFirstStart(place: ClaimedPlace): ShellCommand {
  return lockedScript({
    name: 'begin-first-start',
    deployDir: checkedPlace(place.deployDir),
    waitSeconds: 60,
    lines: [
      ...findingNode({ deployDir: place.deployDir, kind: place.kind }),
      'find_node; if [ -n "$found" ]; then',
      ...onlyIfBegun(place),
      'fi',
      ...beforeFirstStart(place),
    ],
  });
}
