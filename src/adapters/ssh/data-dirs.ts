import type { NodeKind } from '../../domain/cluster.ts';
import { whyNotADirectory } from '../../domain/deploy/directories.ts';
import { AppError } from '../../errors.ts';
import { countDataDir, type DataDir, deleteDataIn, identifyDirs } from './data-dir-commands.ts';
import { hostFailureOf } from './host-failure.ts';
import type { Shell, ShellReader, ShellResult } from './port.ts';
import { commandKinds } from './shell-text.ts';

/** As the inventory names the kind of the node. */
export type DirOfNode = Omit<DataDir, 'kind'> & { readonly kind: NodeKind };

/** One directory of a node that has left, as it is on its host. */
export type DataDirSeen =
  /** Not there, or empty. `hasBegun` = all but the mark of this very deletion is gone. */
  | { readonly state: 'empty'; readonly hasBegun: boolean }
  | {
      readonly state: 'full';
      /** What is no directory. */
      readonly files: number;
      readonly bytes: number;
      /** Symbolic links among them: they go, and what they lead to stays. */
      readonly links: number;
      /** False = the time was over before everything was counted. */
      readonly isWhole: boolean;
      /** Whose it says it is; null = a file that says so is missing. */
      readonly identity: string | null;
      /** Something in it that belongs to another node; null = nothing of that kind was found. */
      readonly other: string | null;
      /** A deletion for the same removal has begun there, and did not come to its end. */
      readonly hasBegun: boolean;
    }
  /** An earlier deletion in it is still at work. */
  | { readonly state: 'busy' }
  /** It must not be touched: it leads elsewhere, holds another file system, or a process works in it. */
  | { readonly state: 'unsafe'; readonly why: string };

const minuteMs = 60_000;

/** Whose each directory says it is, by its path. One that says nothing, or has a path that is never touched, is left out. */
export async function readIdentities(
  shell: ShellReader,
  { kind, dirs }: { readonly kind: NodeKind; readonly dirs: readonly string[] },
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const usual = dirs.filter((dir) => whyNotADirectory(dir) === null);
  if (usual.length === 0) return {};
  const answer = await shell.run(identifyDirs({ kind: commandKinds[kind], dirs: usual }), { signal });
  const lines = answer.stdout.split('\n');
  if (answer.exitCode !== 0 || !lines.includes('that is all')) throw notTold(usual.join(', '), answer);
  return Object.fromEntries(
    usual.flatMap((dir) => {
      const line = lines.find((each) => each.startsWith(`${dir} `));
      return line === undefined ? [] : [[dir, line.slice(dir.length + 1)]];
    }),
  );
}

/**
 * What lies in the directory, counted on its host for `seconds` at most. Throws what the transport throws, and
 * `COMMAND_FAILED` for an odd answer.
 */
export async function readDataDir(
  shell: ShellReader,
  dir: DirOfNode,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<DataDirSeen> {
  const command = countDataDir({ ...dir, kind: commandKinds[dir.kind], seconds });
  const answer = await shell.run(command, { signal, timeoutMs: seconds * 1_000 + minuteMs });
  const seen = answer.exitCode === 0 ? parseDataDir(answer.stdout, dir.path) : null;
  if (seen === null) throw notTold(dir.path, answer);
  return seen;
}

/** Null when the answer is not whole. */
export function parseDataDir(stdout: string, path: string): DataDirSeen | null {
  const lines = new Map(
    stdout.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
  const state = lines.get('state');
  const hasBegun = lines.get('begun') === 'yes';
  if (state === 'busy') return { state };
  if (state === 'unsafe') return { state, why: lines.get('why') ?? `${path} is not safe` };
  if (state === 'empty') return { state, hasBegun };
  const numberOf = (key: string) => (/^\d+$/.test(lines.get(key) ?? '') ? Number(lines.get(key)) : Number.NaN);
  const [files, bytes, links, code] = [numberOf('files'), numberOf('bytes'), numberOf('links'), numberOf('code')];
  const isCounted = [files, bytes, links].every((number) => Number.isSafeInteger(number));
  if (state !== 'full' || !isCounted || (code !== 0 && code !== endedByTimeout)) return null;
  const textOf = (key: string) => lines.get(key) || null;
  return {
    ...{ state, files, bytes, links, hasBegun },
    isWhole: code === 0,
    identity: textOf('identity'),
    other: textOf('other'),
  };
}

const endedByTimeout = 124;

/**
 * Deletes what lies in the directory, and nothing else, for `seconds` at most: `more` = call again. The directory itself
 * stays. `identity` is what the directory has to say of itself. Throws `PRECONDITION_FAILED` when it says something else, is
 * not safe to touch, or a process works in it: then nothing was deleted by this call.
 */
export async function deleteInDataDir(
  shell: Shell,
  { identity, ...dir }: DirOfNode & { readonly identity: string },
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<'empty' | 'more'> {
  const command = deleteDataIn({ ...dir, kind: commandKinds[dir.kind], identity, seconds });
  const answer = await shell.run(command, { signal, timeoutMs: seconds * 1_000 + 2 * minuteMs });
  const said = answer.stdout.trim();
  if (answer.exitCode === 0 && (said === 'empty' || said === 'more')) return said;
  const failure = hostFailureOf(answer);
  const isRefused = failure !== null && ['nodeRuns', 'unsafe', 'taken', 'inTheWay'].includes(failure.reason);
  throw new AppError(
    isRefused ? 'PRECONDITION_FAILED' : 'COMMAND_FAILED',
    `Deleting what lies in ${dir.path}: ${failure?.message ?? `an odd answer: ${said}`}`,
    { hint: 'Look at the directory on its host, then retry the run.', retryable: failure?.reason === 'busy' },
  );
}

function notTold(path: string, { stdout, stderr }: ShellResult): AppError {
  return new AppError('COMMAND_FAILED', `What lies in ${path} cannot be told: ${stderr.trim() || stdout.trim()}`, {
    hint: 'The user who logs in has to be able to read the directory.',
  });
}
