import { closeSync, openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from '../../scripts/lib/child.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import type { Hosts } from './hosts.ts';

/** The tools, and the Debian packages that have them. */
export const needed = [
  { program: 'clush', packages: ['clustershell'] },
  { program: 'parallel-ssh', packages: ['pssh'] },
  { program: 'ansible', packages: ['ansible-core', 'ansible'] },
  { program: 'rsync', packages: ['rsync'] },
  { program: 'ssh', packages: ['openssh-client'] },
] as const;

export const tools = ['clush', 'pssh', 'ansible'] as const;
export type Tool = (typeof tools)[number];

/** Hosts at a time: what each tool does unless it is told otherwise, and for Ansible what people set. */
const width = { clush: 64, pssh: 32, ansible: 50 } as const satisfies Record<Tool, number>;

type Asking = { readonly hosts: Hosts; readonly how: 'cold' | 'warm'; readonly command: string; readonly dir: string };

/** Runs the command on all hosts; throws when a host did not answer. */
export async function askBy(tool: Tool, { hosts, how, command, dir }: Asking): Promise<void> {
  const config = hosts.sshConfig[how];
  switch (tool) {
    case 'clush':
      return runTool(
        'clush',
        ['-S', '-f', `${width.clush}`, `--hostfile=${hosts.list}`, '-o', `-F ${config}`, command],
        dir,
      );
    case 'pssh':
      return runTool(
        'parallel-ssh',
        ['-h', hosts.list, '-p', `${width.pssh}`, '-t', '60', '-i', '-x', `-F ${config}`, command],
        dir,
      );
    case 'ansible': {
      // `raw` sends the command as it is, and needs no Python on the hosts: the fastest way that it has.
      const args = ['all', '-i', hosts.list, '-f', `${width.ansible}`, '-m', 'raw', '-a', command];
      return runTool('ansible', args, dir, { ANSIBLE_SSH_ARGS: `-F ${config}`, ANSIBLE_HOST_KEY_CHECKING: 'True' });
    }
    default:
      return tool satisfies never;
  }
}

type Sending = { readonly hosts: Hosts; readonly file: string; readonly dir: string };

/**
 * Sends the file to all hosts at the same time, and has it written to the disk, which these tools do not do by themselves and
 * ours does for each file.
 */
export async function sendBy(program: 'parallel-scp' | 'parallel-rsync', { hosts, file, dir }: Sending): Promise<void> {
  const ssh = `-F ${hosts.sshConfig.cold}`;
  const how = program === 'parallel-scp' ? ['-x', ssh] : ['-x', `-e 'ssh ${ssh}' --whole-file`];
  const name = program === 'parallel-scp' ? 'by-scp' : 'by-rsync';
  await runTool(program, ['-h', hosts.list, '-p', '32', '-t', '300', ...how, file, name], dir);
  await runTool('sync', ['-f', dir], dir);
}

async function runTool(
  name: string,
  args: readonly string[],
  dir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const program = findExecutable([name]);
  if (program === null) throw new Error(`${name} is not installed`);
  const log = join(dir, `${name}.log`);
  await writeFile(log, '');
  const output = openSync(log, 'a', 0o600);
  try {
    const child = await startChild(program, [...args], {
      output,
      env: { PATH: process.env.PATH, HOME: dir, LC_ALL: 'C.UTF-8', ...env },
    });
    const { code } = await child.exited;
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
  } finally {
    closeSync(output);
  }
}
