import type { BinariesState, KeptBinaries, PartState } from '../../domain/node-binaries.ts';
import { AppError } from '../../errors.ts';
import { neededParts, partsOfReleaseAlone, releaseParts } from './release-dirs.ts';

export type ArchiveState =
  | { readonly state: 'none' }
  /** A part of it came; the next try continues after these bytes. */
  | { readonly state: 'partial'; readonly bytes: number }
  /** The archive has its final name, but its checksum was not compared, or the file has changed since. */
  | { readonly state: 'unverified'; readonly bytes: number }
  | { readonly state: 'complete'; readonly bytes: number };

/** Null when the answer cannot be read, e.g. because the host failed. */
export function parseArchiveState(stdout: string): ArchiveState | null {
  const [, state, digits] = /^state=(none|partial|unverified|complete)\nbytes=(\d+)$/m.exec(stdout) ?? [];
  const bytes = Number(digits);
  switch (state) {
    case 'none':
      return { state };
    case 'partial':
    case 'unverified':
    case 'complete':
      return { state, bytes };
    default:
      return null;
  }
}

export function parseStagedState(stdout: string): 'absent' | 'complete' | null {
  const [, state] = /^state=(absent|complete)$/m.exec(stdout) ?? [];
  return state === 'absent' || state === 'complete' ? state : null;
}

export function parseBinariesState(stdout: string): BinariesState | null {
  const parts = [...stdout.matchAll(/^(\S+) (new|other|no) (yes|no) (yes|no)$/gm)].map(
    ([, name = '', live, staged, kept]): PartState => ({
      name,
      live: live === 'new' || live === 'other' ? live : 'no',
      staged: staged === 'yes',
      kept: kept === 'yes',
    }),
  );
  return parts.length === releaseParts.length ? { state: stateOf(parts), parts } : null;
}

function stateOf(parts: readonly PartState[]): BinariesState['state'] {
  const needed = parts.filter(({ name }) => isOneOf(neededParts, name));
  const isSwapped = (part: PartState) => part.live === 'new' || !isToSwap(part);
  if (needed.every(({ live }) => live === 'new') && parts.every(isSwapped)) return 'new';
  const isUntouched = parts.every(({ live, kept }) => live !== 'new' && !kept);
  if (!isUntouched || needed.some(({ live }) => live === 'no')) return 'half';
  return needed.every(({ staged }) => staged) ? 'old' : 'nothing-staged';
}

/** As `swapBinaries` sees it: there is a part to put in place, or one to take away without a replacement. */
function isToSwap({ name, live, staged }: PartState): boolean {
  return staged || (live === 'other' && isOneOf(partsOfReleaseAlone, name));
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

/** Throws `COMMAND_FAILED` when the answer cannot be read: otherwise it would look as if nothing were kept. */
export function parseKept({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): KeptBinaries[] {
  if (!/^that is all$/m.test(stdout)) {
    throw new AppError('COMMAND_FAILED', `Which binaries are kept cannot be told: ${stderr.trim() || 'no answer'}`, {
      hint: 'The user who logs in has to be able to read the directory `starwarden` of the node.',
    });
  }
  return [...stdout.matchAll(/^(\d+) (\S.*)$/gm)].map(([, kb, name = '']) => ({
    name,
    sizeBytes: Number(kb) * 1_024,
  }));
}
