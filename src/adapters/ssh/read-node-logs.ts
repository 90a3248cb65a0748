import type { NodeKind } from '../../domain/cluster.ts';
import type { Known } from '../../domain/known.ts';
import { parseNodeLogs } from './host-answers.ts';
import { readNodeLogs } from './host-commands.ts';
import type { ShellReader } from './port.ts';
import { readConfOn } from './read-node-conf.ts';
import { commandKinds } from './shell-text.ts';

/** The last lines of what the node wrote, for people who have to find out why it does not run. */
export async function readLastLogLines(
  shell: ShellReader,
  { kind, deployDir }: { readonly kind: NodeKind; readonly deployDir: string },
  { lines, signal }: { readonly lines: number; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const conf = await readConfOn(shell, { kind, deployDir }, { keys: ['sys_log_dir'], names: ['LOG_DIR'], signal });
  // A directory that cannot be found out is assumed to be the usual one: nothing is decided by these lines.
  const told = (found: Known<string | null>) => ('value' in found && found.value?.startsWith('/') ? found.value : null);
  const outDir = (typeof conf === 'string' ? null : told(conf.started('LOG_DIR'))) ?? `${deployDir}/log`;
  const logDir = (typeof conf === 'string' ? null : told(conf.text('sys_log_dir'))) ?? outDir;
  const command = readNodeLogs({ kind: commandKinds[kind], outDir, logDir, lines });
  return parseNodeLogs((await shell.run(command, { signal })).stdout).flatMap(({ name, lines: last }) =>
    last.map((line) => `${name}: ${line}`),
  );
}
