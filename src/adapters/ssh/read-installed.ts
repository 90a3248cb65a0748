import type { DirOwner, DirState, InstalledState } from '../../domain/deploy/installation.ts';
import { AppError } from '../../errors.ts';
import { installedState } from './install-commands.ts';
import type { ShellReader } from './port.ts';

/** What of a new node is there. Throws `COMMAND_FAILED` when the answer cannot be read: then nothing is concluded. */
export async function readInstalled(
  shell: ShellReader,
  place: Parameters<typeof installedState>[0],
  signal: AbortSignal,
): Promise<InstalledState> {
  const answer = await shell.run(installedState(place), { signal });
  const found = parseInstalled(answer.stdout);
  if (found !== null) return found;
  const said = answer.stderr.trim() || `exit code ${answer.exitCode}`;
  throw new AppError('COMMAND_FAILED', `What of ${place.label} is in ${place.deployDir} cannot be told: ${said}`, {
    hint: 'The user who logs in has to be able to read the directory.',
  });
}

/** Null when the answer is not whole. */
export function parseInstalled(stdout: string): InstalledState | null {
  const lines = stdout.split('\n');
  if (!lines.includes('that is all')) return null;
  const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? '';
  const dirs = lines.flatMap((line, index): DirState[] => {
    const [, owner = '', empty, path = ''] = /^dir (nobody|ours|other|unknown) (yes|no) (\/.*)$/.exec(line) ?? [];
    if (path === '') return [];
    const why = /^why (.+)$/.exec(lines[index + 1] ?? '')?.[1];
    return [{ path, owner: ownerOf(owner), problem: why ?? null, isEmpty: empty === 'yes' }];
  });
  const binaries = value('binaries');
  if (binaries !== 'none' && binaries !== 'half' && binaries !== 'whole') return null;
  const [, whose, unitSum = ''] = /^(ours|other) (\S+)$/.exec(value('unit')) ?? [];
  const conf = value('conf');
  return {
    dirs,
    binaries,
    confSha256: conf === 'none' ? null : conf,
    unit: whose === undefined ? null : { sha256: unitSum, isOurs: whose === 'ours' },
    isBegun: value('begun') === 'yes',
  };
}

function ownerOf(word: string): DirOwner {
  return word === 'nobody' || word === 'ours' || word === 'unknown' ? word : 'other';
}
