import type { BinariesState, KeptBinaries, Replacement } from '../../domain/node-binaries.ts';
import type { ShellReader } from './port.ts';
import { parseBinariesState, parseKept, parseStagedState } from './release-answers.ts';
import { keptNameOf, stagedIdOf } from './release-dirs.ts';
import { stagedState } from './stage-commands.ts';
import { binariesState, listKept } from './swap-commands.ts';

type Place = { readonly deployDir: string };

/** Which binaries are in place; null when the answer cannot be read. */
export async function readBinaries(
  shell: ShellReader,
  { deployDir }: Place,
  { replacement, signal }: { readonly replacement: Replacement; readonly signal: AbortSignal },
): Promise<BinariesState | null> {
  return parseBinariesState(
    (await shell.run(binariesState({ deployDir, ...namesOf(replacement) }), { signal })).stdout,
  );
}

/** Whether the release is staged and not in place yet; null when the answer cannot be read. */
export async function readStaged(
  shell: ShellReader,
  { deployDir }: Place,
  { release, signal }: { readonly release: Replacement['release']; readonly signal: AbortSignal },
): Promise<boolean | null> {
  const answer = await shell.run(stagedState({ deployDir, id: stagedIdOf(release) }), { signal });
  const state = parseStagedState(answer.stdout);
  return state === null ? null : state === 'complete';
}

/** Whether the release is staged for the node, or runs there already. */
export async function hasRelease(
  shell: ShellReader,
  place: Place,
  { replacement, signal }: { readonly replacement: Replacement; readonly signal: AbortSignal },
): Promise<boolean> {
  const [isStaged, binaries] = await Promise.all([
    readStaged(shell, place, { release: replacement.release, signal }),
    readBinaries(shell, place, { replacement, signal }),
  ]);
  return isStaged === true || binaries?.state === 'new';
}

/** Throws `COMMAND_FAILED` when the answer cannot be read: otherwise it would look as if nothing were kept. */
export async function readKept(
  shell: ShellReader,
  place: Place,
  signal: AbortSignal,
): Promise<readonly KeptBinaries[]> {
  return parseKept(await shell.run(listKept(place), { signal }));
}

/** The names of a replacement's binaries on the disk. */
export function namesOf({ release, keptVersion, runId }: Replacement): { stagedId: string; keptName: string } {
  return { stagedId: stagedIdOf(release), keptName: keptNameOf({ version: keptVersion, runId }) };
}
