import { AppError } from '../../errors.ts';
import type { ShellCommand } from './port.ts';
import { quote } from './quote.ts';
import { change, read } from './shell-text.ts';

/** A name that systemd takes, written out in full so that it cannot be taken for an option or a pattern. */
const unitPattern = /^[A-Za-z0-9:_.@][A-Za-z0-9:_.@-]*\.service$/;

export function isUnitName(text: string): boolean {
  return text.length <= 255 && unitPattern.test(text) && !text.includes('\n');
}

type ServiceCall = {
  /** E.g. `starrocks-be.service`. */
  readonly unit: string;
  /** Through `sudo -n`, where the host has it: root may log in to one that does not. */
  readonly sudo: boolean;
};

/** Waits until systemd says that the unit is up, which for a unit around StarRocks' scripts says little. */
export function systemctlStart(call: ServiceCall): ShellCommand {
  return change('systemctl-start', systemctl('start', call));
}

/**
 * Waits until the unit is down. When the call is ended before, systemd goes on by itself; a second call joins the first. A
 * node with a unit is stopped by nothing else: `Restart=` would bring it back.
 */
export function systemctlStop(call: ServiceCall): ShellCommand {
  return change('systemctl-stop', systemctl('stop', call));
}

/** Asks no root. Read the answer with `parseUnitState`; a unit that does not exist answers as well. */
export function unitState({ unit }: { unit: string }): ShellCommand {
  const properties = 'LoadState,ActiveState,SubState,Result,MainPID';
  return read('unit-state', [`systemctl show --property=${properties} -- ${quote(checkedUnit(unit))}`]);
}

function systemctl(verb: 'start' | 'stop', { unit, sudo }: ServiceCall): string[] {
  const call = `systemctl --no-ask-password ${verb} -- ${quote(checkedUnit(unit))}`;
  return sudo ? [`if command -v sudo >/dev/null; then sudo -n ${call}; else ${call}; fi`] : [call];
}

function checkedUnit(unit: string): string {
  if (!isUnitName(unit)) throw new AppError('INVALID_INPUT', `"${unit}" is not the name of a systemd service`);
  return unit;
}
