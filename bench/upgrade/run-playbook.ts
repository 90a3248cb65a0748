import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../scripts/lib/child.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { writeInventory } from './inventory.ts';
import type { UpgradeWorld } from './world.ts';

const playbookDir = fileURLToPath(new URL('./ansible/', import.meta.url));

export type PlaybookRun = {
  readonly target: string;
  /** Backends at a time, after the first one. */
  readonly width: number;
  /** For what the run needs and leaves. */
  readonly dir: string;
};

/** Upgrades the world by the playbook. The inventory is there when the clock of the caller starts. */
export async function preparePlaybook(world: UpgradeWorld, { target, width, dir }: PlaybookRun) {
  const release = world.releases.find(({ version }) => version === target);
  if (release === undefined) throw new Error(`the world has no release ${target}`);
  const files = await writeInventory(world, dir);
  const vars = { target, width, archive: release.path, sha256: release.sha256, sql_login: files.login };
  return () => runAnsible([`--inventory=${files.inventory}`, `--extra-vars=${JSON.stringify(vars)}`], dir);
}

async function runAnsible(args: readonly string[], dir: string): Promise<void> {
  const program = findExecutable(['ansible-playbook']);
  if (program === null) throw new Error('ansible-playbook is not installed');
  const log = join(dir, 'ansible.log');
  const socketDir = await mkdtemp('/tmp/sw-bench-'); // a socket's path ends at 108 characters
  const output = openSync(log, 'w', 0o600);
  try {
    const child = await startChild(program, [...args, 'upgrade.yml'], {
      cwd: playbookDir,
      output,
      env: {
        PATH: process.env.PATH,
        HOME: dir,
        LC_ALL: 'C.UTF-8',
        ANSIBLE_CONFIG: join(playbookDir, 'ansible.cfg'),
        ANSIBLE_HOME: join(dir, 'ansible'),
        ANSIBLE_SSH_CONTROL_PATH_DIR: socketDir,
      },
    });
    const { code } = await child.exited;
    if (code !== 0) {
      throw new Error(`ansible-playbook ended with ${code}:\n${(await readFile(log, 'utf8')).slice(-3_000)}`);
    }
  } finally {
    closeSync(output);
    await rm(socketDir, { recursive: true, force: true });
  }
}
