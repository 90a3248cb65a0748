import type { NodeKind } from '../../domain/cluster.ts';
import { AppError } from '../../errors.ts';
import { type NodeProcess, parseAlive, parseNodeProcess } from './answers.ts';
import { isProcessAlive, readPid } from './commands.ts';
import type { ShellReader } from './port.ts';
import { commandKinds, programNames } from './shell-text.ts';

/**
 * The process of the node; null when none runs. A process that has ended and was not waited for does not count as
 * running.
 */
export async function readNodeProcess(
  shell: ShellReader,
  node: { readonly kind: NodeKind; readonly deployDir: string },
  signal: AbortSignal,
): Promise<NodeProcess | null> {
  const kind = commandKinds[node.kind];
  const answer = await shell.run(readPid({ deployDir: node.deployDir, kind }), { signal });
  const found = parseNodeProcess(answer.stdout);
  if (found === 'unknown') {
    const said = answer.stderr.trim() || answer.stdout.trim() || 'it answers nothing';
    throw new AppError(
      'COMMAND_FAILED',
      `Which process the pid file in ${node.deployDir} names cannot be told: ${said}`,
      {
        hint: 'The user who logs in has to be able to read the directory, and to see the process in /proc.',
      },
    );
  }
  // A pid file that outlived its process may name any other program by now, and `stop_fe.sh` up to 3.3 would kill it.
  return found?.comm === programNames[kind] ? found : null;
}

/** Whether this process still runs. Throws unless the host clearly says yes or no. */
export async function isAlive(
  shell: ShellReader,
  process: { readonly pid: number; readonly startedAtTicks: string },
  signal: AbortSignal,
): Promise<boolean> {
  const { stdout, stderr, exitCode } = await shell.run(isProcessAlive(process), { signal });
  const alive = parseAlive(stdout);
  if (alive !== null) return alive;
  const said = stderr.trim() || `exit code ${exitCode}`;
  throw new AppError('COMMAND_FAILED', `The host does not say whether process ${process.pid} still runs: ${said}`, {
    hint: 'The user who logs in has to see the process in /proc (a mount option `hidepid` hides those of others).',
  });
}
