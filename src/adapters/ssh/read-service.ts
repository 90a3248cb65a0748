import type { NodeKind } from '../../domain/cluster.ts';
import type { StartedAs } from '../../domain/words.ts';
import { hasStartScript } from './commands.ts';
import { parseOwner, parseUnitRights, parseUnitState, type UnitRights, type UnitState } from './host-answers.ts';
import { ownerOf } from './host-commands.ts';
import type { ShellReader } from './port.ts';
import { unitRights, unitState } from './service-commands.ts';
import { commandKinds } from './shell-text.ts';

type Place = { readonly kind: NodeKind; readonly deployDir: string };

/** Null when systemd did not answer, e.g. because the host has no systemd. */
export async function readUnitState(shell: ShellReader, unit: string, signal: AbortSignal): Promise<UnitState | null> {
  return parseUnitState((await shell.run(unitState({ unit }), { signal })).stdout);
}

/** What the user may have systemd do with the unit; null when the answer cannot be read. */
export async function readUnitRights(
  shell: ShellReader,
  unit: string,
  signal: AbortSignal,
): Promise<UnitRights | null> {
  return parseUnitRights((await shell.run(unitRights({ unit }), { signal })).stdout);
}

/** Whether the directory holds a node of that kind with a start script that may be run. */
export async function canBeStarted(
  shell: ShellReader,
  { kind, deployDir }: Place,
  signal: AbortSignal,
): Promise<boolean> {
  const command = hasStartScript({ deployDir, kind: commandKinds[kind] });
  return (await shell.run(command, { signal })).exitCode === 0;
}

/** The user who would start the node by its scripts, where that is not the one it belongs to. */
export async function readStartedAs(
  shell: ShellReader,
  { kind, deployDir }: Place,
  signal: AbortSignal,
): Promise<StartedAs | null> {
  return parseOwner((await shell.run(ownerOf({ deployDir, kind: commandKinds[kind] }), { signal })).stdout);
}
