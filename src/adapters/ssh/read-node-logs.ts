import type { NodeKind } from '../../domain/cluster.ts';
import type { Known } from '../../domain/known.ts';
import { parseNodeLogs } from './host-answers.ts';
import { readNodeLogs } from './host-commands.ts';
import type { ShellReader } from './port.ts';
import { readLogDirs } from './read-log-dirs.ts';
import { commandKinds } from './shell-text.ts';

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export async function readLastLogLines(
  shell: ShellReader,
  { kind, deployDir }: { readonly kind: NodeKind; readonly deployDir: string },
  { lines, signal }: { readonly lines: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const dirs = await readLogDirs(shell, { kind, deployDir }, signal);
  // A directory that cannot be found out is assumed to be the usual one: nothing is decided by these lines.
  const orUsual = (told: Known<string>, usual: string) => ('value' in told ? told.value : usual);
  const outDir = orUsual(dirs.outDir, `${deployDir}/log`);
  const logDir = orUsual(dirs.logDir, outDir);
  const command = readNodeLogs({ kind: commandKinds[kind], outDir, logDir, lines });
  return parseNodeLogs((await shell.run(command, { signal })).stdout).flatMap(({ name, lines: last }) =>
    last.map((line) => `${name}: ${line}`),
  );
}
