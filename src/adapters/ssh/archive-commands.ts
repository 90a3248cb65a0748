import { AppError } from '../../errors.ts';
import { leaveNothingEmpty, lockedScript } from './locked-script.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { archiveFileOf, checkedSha256 } from './release-dirs.ts';
import { absolute, assign, read } from './shell-text.ts';

/** An archive at a host: `deployDir` is that of the host's first node, which keeps it for the others. */
export type ArchivePlace = {
  readonly deployDir: string;
  /** 64 hexadecimal digits, lower case. */
  readonly sha256: string;
};

/** How long a script waits for another one at the same node, in seconds; the default is enough to read an archive. */
export type Waiting = { readonly waitSeconds?: number };

const longWaitSeconds = 600;

/** Makes the directory that an archive is uploaded into. */
export function prepareArchiveDir({ deployDir }: { deployDir: string }): ShellCommand {
  return lockedScript({
    name: 'prepare-archive-dir',
    deployDir,
    waitSeconds: longWaitSeconds,
    lines: [makeDir],
  });
}

/** How much of an archive is there; read the answer with `parseArchiveState`. Does not wait for a lock. */
export function archiveState(place: ArchivePlace): ReadCommand {
  return read('archive-state', [
    ...named(place),
    isVerified,
    'bytes=$(stat -Lc %s -- "$file" 2>/dev/null) || bytes=$(stat -c %s -- "$file.part" 2>/dev/null) || bytes=0',
    'if is_verified; then echo state=complete',
    'elif [ -f "$file" ]; then echo state=unverified',
    'elif [ -f "$file.part" ]; then echo state=partial',
    'else echo state=none; fi',
    'echo "bytes=$bytes"',
  ]);
}

/**
 * Compares the checksum of the file that is there, whether it has its final name already or ends in `.part`. If it is
 * right, the archive gets its name and a mark that says what was compared; if not, the file is removed.
 */
export function verifyArchive({ waitSeconds = longWaitSeconds, ...place }: ArchivePlace & Waiting): ShellCommand {
  return lockedScript({
    name: 'verify-archive',
    deployDir: place.deployDir,
    waitSeconds,
    lines: [
      ...named(place),
      ...verifying,
      'if is_verified; then exit 0; fi',
      'from=$file; [ -e "$file" ] || from=$file.part',
      '[ -f "$from" ] || die noArchive "there is no archive $file"',
      'verify "$from"',
    ],
  });
}

/**
 * Fetches an archive from an HTTP server with `curl` or `wget`, continues where an earlier fetch stopped, and compares
 * the checksum. A server that cannot continue in the middle is asked for the whole file once more.
 */
export function fetchArchive({
  url,
  waitSeconds = longWaitSeconds,
  ...place
}: ArchivePlace & Waiting & { readonly url: string }): ShellCommand {
  if (!/^https?:\/\/[^\s]+$/i.test(url)) {
    throw new AppError('INVALID_INPUT', 'Archives are fetched over http or https only');
  }
  return lockedScript({
    name: 'fetch-archive',
    deployDir: place.deployDir,
    waitSeconds,
    lines: [
      ...named(place),
      assign('url', url),
      ...verifying,
      'if is_verified; then exit 0; fi',
      'if [ -f "$file" ]; then verify "$file"; exit 0; fi',
      makeDir,
      ...downloading,
      'size() { stat -c %s -- "$file.part" 2>/dev/null || echo 0; }',
      // After a connection broke, the fetch is continued for as long as that brings more of the file.
      'tries=0; while :; do',
      'before=$(size); why=$(download 2>&1) && { verify "$file.part"; exit 0; }',
      'tries=$((tries + 1)); [ "$(size)" -gt "$before" ] && [ $tries -lt 20 ] || break; sleep 1; done',
      // The server refused to continue from these bytes: the file is whole, or too long, or the server only gives whole
      // files.
      'case $before:$why in 0:*) ;; *416* | *"byte range"* | *"annot resume"* | *"Continued download failed"*)',
      'if [ "$(sum_of "$file.part")" = "$sha256" ]; then verify "$file.part"; exit 0; fi',
      'rm -f -- "$file.part"; why=$(download 2>&1) && { verify "$file.part"; exit 0; };; esac',
      'case $why in *"No space left"* | *"quota exceeded"* | *"Failure writing"* | *"Failed writing"*)',
      'rm -f -- "$file.part"; die noSpace "no space left for the archive: $why";; esac',
      'die download "the archive could not be fetched: $why"',
    ],
  });
}

/**
 * Takes an archive that is on the host already: makes a second name for the same file, or a symbolic link where the file
 * system or the file's owner does not allow that. The file itself is not touched.
 */
export function linkArchive({
  path,
  waitSeconds = longWaitSeconds,
  ...place
}: ArchivePlace & Waiting & { readonly path: string }): ShellCommand {
  return lockedScript({
    name: 'link-archive',
    deployDir: place.deployDir,
    waitSeconds,
    lines: [
      ...named(place),
      assign('path', absolute(path)),
      ...verifying,
      'if is_verified; then exit 0; fi',
      '[ -f "$path" ] || die noArchive "there is no file $path"',
      '[ -r "$path" ] || die denied "$path cannot be read: Permission denied"',
      makeDir,
      'rm -f -- "$file" "$file.part"',
      'ln -L -- "$path" "$file" 2>/dev/null || why=$(ln -s -- "$path" "$file" 2>&1) || fail "$why"',
      'verify "$file"',
    ],
  });
}

/** Removes the archive of a host: the undo of staging. If it was linked, the original file stays. */
export function removeArchive(place: ArchivePlace): ShellCommand {
  return lockedScript({
    name: 'remove-archive',
    deployDir: place.deployDir,
    waitSeconds: longWaitSeconds,
    lines: [
      ...named(place),
      'why=$(rm -f -- "$file" "$file.part" "$file.verified" 2>&1) || fail "$why"',
      ...leaveNothingEmpty,
    ],
  });
}

const makeDir = 'why=$(mkdir -p -- "$own/archives" 2>&1) || fail "$why"';

/** True when nothing changed since the checksum was compared: size and time of the file equal those in the mark. */
export const isVerified =
  'is_verified() { [ -f "$file" ] && [ "$(cat -- "$file.verified" 2>/dev/null)" = "$sha256 $(stat -Lc "%s %.9Y" -- "$file")" ]; }';

export function named(place: ArchivePlace): string[] {
  return [assign('file', archiveFileOf(place)), assign('sha256', checkedSha256(place.sha256))];
}

/**
 * `verify <file>` ends the script unless the checksum is right; the mark holds the file's size and time from before it
 * was read.
 */
const verifying = [
  isVerified,
  // Read from standard input: sha256sum writes names with odd characters in another way.
  `sum_of() { sum=$(sha256sum <"$1") && printf %s "\${sum%% *}"; }`,
  'verify() { seen=$(stat -Lc "%s %.9Y" -- "$1" 2>&1) || fail "$seen"',
  'sum=$(sum_of "$1") || die failed "$1 cannot be read"',
  'if [ "$sum" != "$sha256" ]; then rm -f -- "$file" "$file.part" "$file.verified"',
  'die badArchive "the archive has the SHA-256 sum $sum, not $sha256; it was removed"; fi',
  '[ "$1" = "$file" ] || why=$(mv -fT -- "$1" "$file" 2>&1) || fail "$why"',
  'sync -- "$file" 2>/dev/null || :',
  'why=$({ printf "%s\\n" "$sha256 $seen" >"$file.verified"; } 2>&1) || fail "$why"; }',
];

/** Both give up when no byte comes for a minute. */
const downloading = [
  'if command -v curl >/dev/null; then download() {',
  'curl -fgsSL --proto =http,https --connect-timeout 10 --speed-limit 1 --speed-time 60 -C - -o "$file.part" --url "$url"; }',
  'elif command -v wget >/dev/null; then download() {',
  'wget -nv -c --tries=1 --timeout=60 -O "$file.part" -- "$url"; }',
  'else die download "neither curl nor wget is installed"; fi',
];
