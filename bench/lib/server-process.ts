import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startChild } from '../../scripts/lib/child.mjs';
import { productionFlags } from '../../scripts/lib/node-child.mjs';

const projectDir = fileURLToPath(new URL('../../', import.meta.url));
const listeningLine = z.object({ event: z.literal('listening'), url: z.string() });
const startMs = 30_000;

export type ServerProcess = { readonly pid: number; readonly url: string; stop(): Promise<void> };

export type ServerOptions = {
  /** Below the project's directory. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Its whole environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Where it leaves a CPU profile when it ends. */
  readonly profileDir: string | null;
};

/** Starts a server in a process of its own that dies with this one, and returns when it says where it listens. */
export async function startServerProcess(options: ServerOptions): Promise<ServerProcess> {
  const { program, args = [], env, logFile, profileDir } = options;
  const profiling = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const output = openSync(logFile, 'a', 0o600);
  const child = await startChild(process.execPath, [...productionFlags, ...profiling, program, ...args], {
    cwd: projectDir,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    output,
  });
  closeSync(output);
  for (const deadline = Date.now() + startMs; Date.now() < deadline && child.alive(); await sleep(50)) {
    const lines = (await readFile(logFile, 'utf8')).split('\n').slice(0, -1); // the last one may be half written
    const url = lines.flatMap(listeningUrl)[0];
    if (url !== undefined) return { pid: child.pid, url, stop: () => child.stop() };
  }
  await child.stop();
  throw new Error(
    `${program} does not listen; the end of what it printed: ${(await readFile(logFile, 'utf8')).slice(-500)}`,
  );
}

function listeningUrl(line: string): readonly string[] {
  if (!line.startsWith('{')) return [];
  const found = listeningLine.safeParse(JSON.parse(line));
  return found.success ? [found.data.url] : [];
}
