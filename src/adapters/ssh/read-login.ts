import type { Known } from '../../domain/known.ts';
import { checkSudo, whoAmI } from './commands.ts';
import type { ShellCall, ShellReader } from './port.ts';

/** The user who is logged in. A host has answered when its own `id` has. */
export async function readUser(shell: ShellReader, call: ShellCall): Promise<Known<string>> {
  const { exitCode, stdout, stderr } = await shell.run(whoAmI(), call);
  const user = stdout.trim();
  return exitCode === 0 && user !== '' ? { value: user } : { unknown: stderr.trim() || `exit code ${exitCode}` };
}

/** Whether the user may become root without a password. */
export async function hasSudo(shell: ShellReader, call: ShellCall): Promise<boolean> {
  return (await shell.run(checkSudo(), call)).exitCode === 0;
}
