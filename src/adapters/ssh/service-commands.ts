import { AppError } from '../../errors.ts';
import type { ReadCommand, ShellCommand } from './port.ts';
import { quote } from './quote.ts';
import { change, read } from './shell-text.ts';

/** A name that systemd accepts, written in full so that it cannot be mistaken for an option or a pattern. */
const unitPattern = /^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]*\.service$/;

export function isUnitName(text: string): boolean {
  return text.length <= 255 && unitPattern.test(text) && !text.includes('\n');
}

type ServiceCall = {
  /** E.g. `starrocks-be.service`. */
  readonly unit: string;
  /** Use `sudo -n`, where the host has it: root may log in to a host without sudo. */
  readonly sudo: boolean;
};

/**
 * Waits until systemd says that the unit is up, which says little for a unit around StarRocks' scripts. If systemd does
 * not start it because it was started too often (`StartLimitBurst=`), that count is reset and the unit is started once
 * more.
 */
export function systemctlStart(call: ServiceCall): ShellCommand {
  return change('systemctl-start', [
    [
      ...systemctl(call),
      'root start; code=$?; [ "$code" -eq 0 ] && exit 0',
      `case $(systemctl show --property=Result -- ${quote(call.unit)} 2>/dev/null) in Result=start-limit-hit) ;; *) exit "$code";; esac`,
      'echo "systemd has started it too often (StartLimitBurst): the count is set back"',
      'root reset-failed && root start',
    ].join('\n'),
  ]);
}

/**
 * Waits until the unit is down. When the call is ended before, systemd goes on by itself; a second call joins the first.
 * A node with a unit must not be stopped in another way: `Restart=` would start it again.
 */
export function systemctlStop(call: ServiceCall): ShellCommand {
  return change('systemctl-stop', [[...systemctl(call), 'root stop'].join('\n')]);
}

/** Needs no root. Read the answer with `parseUnitState`; there is an answer for a unit that does not exist too. */
export function unitState({ unit }: { unit: string }): ReadCommand {
  const properties = 'LoadState,ActiveState,SubState,Result,MainPID,Restart,StartLimitBurst,StartLimitIntervalUSec';
  return read('unit-state', [`systemctl show --property=${properties} -- ${quote(checkedUnit(unit))}`]);
}

/** What the user may have systemd do with this unit without a password. Read the answer with `parseUnitRights`. */
export function unitRights({ unit }: { unit: string }): ReadCommand {
  return read('unit-rights', [
    ...finding({ unit }),
    'for verb in start stop reset-failed; do',
    'if [ "$(id -u)" = 0 ] || find_rule "$verb"; then echo "$verb=yes"; else echo "$verb=no"; fi; done',
    'echo "user=$(id -un)"',
  ]);
}

/** The line of sudoers(5) that a user needs for a unit, ready to be written. */
export function sudoersLine({ unit, user }: { unit: string; user: string }): string {
  const commands = ['start', 'stop', 'reset-failed'].map((verb) => `/usr/bin/systemctl ${verb} ${unit}`);
  return `${user} ALL=(root) NOPASSWD: ${commands.join(', ')}`;
}

/**
 * `find_rule <verb>` succeeds when sudo runs this command without a password, and leaves the unit's name in that rule in
 * `$name`: rules that list commands are compared word by word, and people leave out `.service`.
 */
function finding({ unit }: { unit: string }): string[] {
  const full = checkedUnit(unit);
  return [
    `find_rule() { for name in ${quote(full)} ${quote(full.replace(/\.service$/, ''))}; do`,
    'sudo -n -l systemctl "$1" "$name" </dev/null >/dev/null 2>&1 && return 0; done; return 1; }',
  ];
}

/**
 * `root <verb>`: with sudo where sudo allows it; otherwise as the user who logged in, who may be root. If that fails,
 * sudo says why.
 */
function systemctl({ unit, sudo }: ServiceCall): string[] {
  const plain = `systemctl --no-ask-password "$1" -- ${quote(checkedUnit(unit))}`;
  if (!sudo) return [`root() { ${plain}; }`];
  return [
    ...finding({ unit }),
    'root() { if find_rule "$1"; then sudo -n systemctl "$1" "$name"',
    `elif [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null; then ${plain}`,
    `else sudo -n systemctl "$1" ${quote(unit)}; fi; }`,
  ];
}

function checkedUnit(unit: string): string {
  if (!isUnitName(unit)) throw new AppError('INVALID_INPUT', `"${unit}" is not the name of a systemd service`);
  return unit;
}
