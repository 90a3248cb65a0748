import { spawn } from 'node:child_process';
import type { HostDescription } from '../../../sandbox/world/describe.ts';

export type Answer = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a command with OpenSSH's own client, as an operator would. */
export function ssh(host: HostDescription, command: string): Promise<Answer> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
  const args = ['-i', host.keyFile, '-p', String(host.sshPort), ...options.flatMap((option) => ['-o', option])];
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', [...args, `${host.user}@${host.address}`, command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    });
    const answer = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (answer.stdout += chunk));
    child.stderr.on('data', (chunk) => (answer.stderr += chunk));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, ...answer }));
  });
}
