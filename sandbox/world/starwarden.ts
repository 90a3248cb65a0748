import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { patienceMs } from '../patience.ts';

const projectDir = fileURLToPath(new URL('../../', import.meta.url));

export type Starwarden = {
  readonly pid: number;
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly graphqlUrl: string;
  /** SIGTERM, then SIGKILL if it does not end within 15 s. */
  stop(): Promise<void>;
  /** SIGKILL: the crash. */
  kill(): Promise<void>;
};

export type StarwardenOptions = {
  /** Its whole environment but PATH; nothing of this process is passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets everything it prints. */
  readonly logFile: string;
  /** Below the project's directory. */
  readonly program?: string;
  readonly timeoutMs?: number;
  /** SIGKILL while it starts; the start fails then. */
  readonly signal?: AbortSignal;
};

const listeningLine = z.object({ event: z.literal('listening'), url: z.url() });

/** Starts Starwarden as a process of its own and returns when it says it is ready. */
export async function startStarwarden(options: StarwardenOptions): Promise<Starwarden> {
  const { env, logFile, program = 'src/main.ts', timeoutMs = patienceMs, signal } = options;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    cwd: projectDir,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, PORT: '0', ...env },
  });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('close', () => log.end());
  const die = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', die);
  try {
    const url = await withTimeout(listening(child, logFile), { timeoutMs, what: `Starwarden (${logFile}) to listen` });
    await becomeReady(url, { timeoutMs, signal });
    // A process that printed a line has a pid.
    return { pid: child.pid ?? 0, url, graphqlUrl: `${url}/graphql`, stop: () => stop(child), kill: () => kill(child) };
  } catch (error) {
    await kill(child);
    throw error;
  } finally {
    signal?.removeEventListener('abort', die);
  }
}

async function listening(child: ChildProcess, logFile: string): Promise<string> {
  if (child.stdout === null) throw new Error('Starwarden was started without a pipe');
  let lastLine = 'nothing';
  child.stderr?.on('data', (chunk) => (lastLine = String(chunk).trim() || lastLine));
  child.once('error', (error) => (lastLine = error.message));
  for await (const line of createInterface({ input: child.stdout })) {
    lastLine = line;
    const found = listeningLine.safeParse(parseJson(line));
    if (!found.success) continue;
    child.stdout.resume(); // the reader paused it when it was left; the log wants the rest
    return found.data.url.replace(/\/$/, '');
  }
  throw new Error(`Starwarden ended before it listened; the last it printed: ${lastLine} (all of it: ${logFile})`);
}

type Patience = { readonly timeoutMs: number; readonly signal: AbortSignal | undefined };

async function becomeReady(url: string, { timeoutMs, signal }: Patience): Promise<void> {
  let answer = 'no answer';
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(50)) {
    signal?.throwIfAborted();
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      answer = `${response.status} ${(await response.text()).slice(0, 500)}`;
      if (response.ok) return;
    } catch (error) {
      answer = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`Starwarden listens on ${url} but is not ready: ${answer}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGTERM');
  await Promise.race([once(child, 'close'), sleep(15_000, undefined, { ref: false })]);
  await kill(child);
}

async function kill(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function withTimeout<T>(work: Promise<T>, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<T> {
  const late = sleep(timeoutMs, undefined, { ref: false }).then(() => {
    throw new Error(`waited ${timeoutMs} ms for ${what}`);
  });
  return Promise.race([work, late]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
