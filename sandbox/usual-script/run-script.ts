import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { worldMark } from '../world/processes.ts';
import type { World } from '../world/start-world.ts';

const script = fileURLToPath(new URL('./rolling-upgrade.sh', import.meta.url));

export type ScriptRun = {
  /** Everything it printed so far. */
  output(): string;
  /** To the script and what it started, as Ctrl-C, Ctrl-Z or the loss of a terminal does. */
  signal(name: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  ended(): Promise<string>;
};

/** Starts the usual script against a world. */
export async function runScript(world: World, { archive, to }: { archive: string; to: string }): Promise<ScriptRun> {
  const { hosts, cluster, dir } = world.describe();
  const [first] = hosts;
  const [frontend] = cluster.frontends;
  if (first === undefined || frontend === undefined) throw new Error('the world has no host');
  const inventory = join(dir, 'inventory');
  const lines = hosts.map(({ address, deployDirs: { fe, be } }) =>
    fe === undefined ? `be ${address} ${be}` : `fe ${address} ${fe}`,
  );
  await writeFile(inventory, `${lines.join('\n')}\n`);
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
  const child = spawn(script, [inventory, archive, to], {
    detached: true, // a process group of its own, as a shell gives it
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      [worldMark]: dir,
      PATH: process.env.PATH,
      LC_ALL: 'C.UTF-8',
      SSH_OPTS: `-i ${first.keyFile} ${options.map((option) => `-o ${option}`).join(' ')}`,
      SSH_USER: first.user,
      SSH_PORT: String(first.sshPort),
      SQL_HOST: frontend.host,
      SQL_PORT: String(frontend.queryPort),
      WAIT: '1',
      TRIES: '20',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const closed = once(child, 'close');
  return {
    output: () => output,
    signal: (name) => signalGroup(child, name),
    ended: async () => {
      await closed;
      return child.signalCode ?? String(child.exitCode);
    },
  };
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, name);
}
