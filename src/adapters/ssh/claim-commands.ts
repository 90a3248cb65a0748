import { isLoopback } from '../../domain/host-address.ts';
import { failing } from './locked-script.ts';
import { type ClaimedPlace, dirsOf, findingUsers, lookingAt } from './place-script.ts';
import type { ShellCommand } from './port.ts';
import { wholeNumber } from './quote.ts';

/**
 * Makes the directories of a new node, each with a marker. Looks at all of them, at the ports and at what runs there before
 * it makes the first. A directory appears together with its marker, in one rename; one that is there and empty gets it by a
 * link, which only one of two can make. Continues where an earlier one stopped.
 */
export function claimPlace(
  place: ClaimedPlace & { readonly ports: readonly number[]; readonly host: string },
): ShellCommand {
  const dirs = dirsOf(place).join(' ');
  const text = [
    ...failing,
    ...lookingAt(place),
    ...alone,
    `for each in ${dirs}; do what_of "$each"; [ -z "$why" ] || die taken "$why"; done`,
    ...freePorts(place),
    ...findingUsers,
    `for each in ${dirs}; do nobody_in "$each"; done`,
    ...claiming,
    `for dir in ${dirs}; do claim "$dir"; done`,
    'sync -f -- "$claimed/$placeMark" 2>/dev/null || :',
    'echo "claimed for $nodeLabel"',
  ];
  return { name: 'claim-place', text: text.join('\n'), effect: 'change' };
}

/** One claim at a time on a machine, whoever makes it: the root is the one directory that all of them share. */
const alone = ['exec 8</; flock -w 60 8 || die busy "another node is being claimed on this machine"'];

/**
 * Ports as the kernel lists them, in hexadecimal; `0A` = something listens. Whatever address it is, the port is taken, since
 * a node listens on all of them; only for a node on a loopback address those of other loopback addresses do not count.
 */
function freePorts({ ports, host }: { readonly ports: readonly number[]; readonly host: string }): string[] {
  const wanted = ports.map((port) => `${wholeNumber(port)}:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  return [
    `taken=$(awk -v own=${loopbackWord(host)} '$4 == "0A" { n = split($2, at, ":"); on = substr(at[1], length(at[1]) - 7)`,
    `if (own != "" && on ~ /7F$/ && on != own && on != "0100007F") next; print at[n] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)`,
    `for each in ${wanted.join(' ')}; do if printf '%s\\n' "$taken" | grep -qxF -e "\${each#*:}"; then`,
    `die taken "something listens on port \${each%:*} already"; fi; done`,
  ];
}

/** An address of 127.0.0.0/8 as the kernel writes it on common machines, the last byte first; empty for any other. */
function loopbackWord(host: string): string {
  if (!isLoopback(host)) return '""';
  const bytes = host.split('.').map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'));
  return bytes.toReversed().join('');
}

/**
 * The marker says what was there before (`absent` or `empty`) and which directory is the first of those that were made on
 * the way: so exactly that can be taken away again.
 */
const claiming = [
  // `cat` says why it cannot write; the shell's own printf only that it cannot.
  'write_mark() { { mark_of "$2" && printf "was=%s\\ntop=%s\\nnode=%s\\n" "$3" "$4" "$nodeLabel"; } | cat >"$1"; }',
  'claim() { what_of "$1"; case $owner in ours) return;; other | unknown) die taken "$why";; esac',
  'if [ -d "$1" ]; then half=$1/$placeMark.$runId',
  'why=$({ rm -f -- "$half" && write_mark "$half" "$1" empty "$1" && sync -- "$half"; } 2>&1) || fail "$why"',
  'why=$(ln -T -- "$half" "$1/$placeMark" 2>&1); code=$?; said=$why; rm -f -- "$half"',
  'if [ "$code" != 0 ]; then what_of "$1"; [ "$owner" != other ] || die taken "$why"; [ "$owner" = ours ] || fail "$said"; fi; return; fi',
  `top=$1; while up=\${top%/*}; [ -n "$up" ] && [ ! -e "$up" ]; do top=$up; done`,
  `half=\${top%/*}/.\${top##*/}.$runId; rest=\${1#"$top"}`,
  'why=$({ rm -rf --one-file-system -- "$half" && mkdir -p -- "$half$rest" && chmod 750 -- "$half$rest" &&',
  'write_mark "$half$rest/$placeMark" "$1" absent "$top" && sync -- "$half$rest/$placeMark" && mv -T -- "$half" "$top"; } 2>&1) || {',
  'said=$why; rm -rf --one-file-system -- "$half"; what_of "$1"; [ "$owner" != other ] || die taken "$why"; fail "$said"; }; }',
];
