import { sha256Of } from '../../domain/deploy/text-sum.ts';
import { unitFile, unitMark } from '../../domain/deploy/unit-text.ts';
import { AppError } from '../../errors.ts';
import { failing } from './locked-script.ts';
import type { ShellCommand } from './port.ts';
import { quote } from './quote.ts';
import { isUnitName } from './service-commands.ts';
import { assign } from './shell-text.ts';

export type WrittenUnit = { readonly unit: string; readonly runId: string; readonly deployDir: string };

const maxUnitBytes = 16_384;

/**
 * `find_unit` sets `unitIs` (none, ours, other) and `unitSum`. The unit's file is where administrators keep theirs; systemd
 * says where that is. A unit of that name which comes from somewhere else is another one too. Nothing is found where there
 * is no systemd.
 */
export function lookingAtUnit({ unit, runId, deployDir }: WrittenUnit): string[] {
  if (!isUnitName(unit)) throw new AppError('INVALID_INPUT', `"${unit}" is not the name of a systemd service`);
  return [
    assign('unit', unit),
    assign('unitMark', unitMark({ runId, deployDir })),
    `unitDir=$(systemctl show --property=UnitPath 2>/dev/null | sed -n 's/^UnitPath=//p')`,
    `case " $unitDir " in *" /etc/systemd/system "*) unitDir=/etc/systemd/system;; *) unitDir=\${unitDir%% *};; esac`,
    'unitFile=$unitDir/$unit',
    'find_unit() { unitIs=none; unitSum=none; if [ -z "$unitDir" ]; then return; fi',
    'if [ -L "$unitFile" ]; then unitIs=other; return; fi',
    'if [ -e "$unitFile" ]; then unitIs=other; first=; { read -r first <"$unitFile"; } 2>/dev/null',
    '[ "$first" != "$unitMark" ] || unitIs=ours',
    `unitSum=$({ sha256sum <"$unitFile"; } 2>/dev/null) || :; unitSum=\${unitSum%% *}; unitSum=\${unitSum:-none}; return; fi`,
    'case $(systemctl show --property=LoadState -- "$unit" 2>/dev/null) in',
    'LoadState=not-found | "") ;; *) unitIs=other;; esac; }',
  ];
}

/**
 * Writes a unit through a temporary name, compares its checksum, and has systemd read it. A second call with the same text
 * changes nothing. It does not start with the machine yet: after a reboot a node would run that nobody has begun to start.
 */
export function writeUnit({ text, ...unit }: WrittenUnit & { readonly text: string }): ShellCommand {
  const file = unitFile(unit, text);
  if (Buffer.byteLength(file) > maxUnitBytes) throw new AppError('INVALID_INPUT', 'A unit may have 16 KiB at most');
  return script('write-unit', [
    ...lookingAtUnit(unit),
    ...asRoot,
    '[ -n "$unitDir" ] || die failed "systemd does not answer on this host"',
    assign('wanted', sha256Of(file)),
    'find_unit; case $unitIs in',
    'other) die taken "there is a unit $unit already";;',
    'ours) [ "$unitSum" = "$wanted" ] || die taken "$unitFile was changed since it was written";;',
    'none) half=$unitFile.starwarden',
    `why=$({ printf %s ${quote(file)} | root tee "$half"; } 2>&1 >/dev/null) || { root rm -f -- "$half"; fail "$why"; }`,
    'why=$(root chmod 644 -- "$half" 2>&1) || fail "$why"',
    `sum=$(sha256sum <"$half"); [ "\${sum%% *}" = "$wanted" ] || { root rm -f -- "$half"; die failed "$unitFile did not arrive as it was sent"; }`,
    'why=$(root mv -T -- "$half" "$unitFile" 2>&1) || fail "$why";; esac',
    'why=$(root systemctl daemon-reload 2>&1) || fail "$why"',
    'echo "$unitFile is written"',
  ]);
}

/** Has systemd read the unit that this run has written, and start it with the machine from now on. */
export function enableUnit(unit: WrittenUnit): ShellCommand {
  return script('enable-unit', [
    ...lookingAtUnit(unit),
    'find_unit; [ "$unitIs" = ours ] || die taken "the unit $unit is not the one that this run wrote"',
    ...asRoot,
    'why=$(root systemctl daemon-reload 2>&1) || fail "$why"',
    'why=$(root systemctl enable "$unit" 2>&1) || fail "$why"',
  ]);
}

/** Removes the unit that this run has written; its node must be stopped. */
export function removeUnit(unit: WrittenUnit): ShellCommand {
  return script('remove-unit', [
    ...lookingAtUnit(unit),
    'find_unit; case $unitIs in none) exit 0;; other) die taken "the unit $unit is not the one that this run wrote";; esac',
    ...asRoot,
    `state=$(systemctl show --property=ActiveState -- "$unit" 2>/dev/null)`,
    `case $state in *=inactive | *=failed) ;; *) die nodeRuns "the unit $unit is \${state#*=}";; esac`,
    'why=$(root systemctl disable "$unit" 2>&1) || fail "$why"',
    'why=$(root rm -f -- "$unitFile" "$unitFile.starwarden" 2>&1) || fail "$why"',
    'why=$(root systemctl daemon-reload 2>&1) || fail "$why"',
    'echo "$unitFile is removed"',
  ]);
}

/** `root <command>`: through sudo where that allows everything, else as the user who logged in, if that is root. */
const asRoot = [
  'if sudo -n true </dev/null >/dev/null 2>&1; then root() { sudo -n "$@"; }',
  'elif [ "$(id -u)" = 0 ]; then root() { "$@"; }',
  'else die noRoot "$(id -un) may not become root without a password (sudo -n)"; fi',
];

function script(name: string, lines: readonly string[]): ShellCommand {
  return { name, text: [...failing, ...lines].join('\n'), effect: 'change' };
}
