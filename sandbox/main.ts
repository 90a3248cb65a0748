/**
 * `npm run sandbox`: starts a world and keeps it up, or asks something of the one that is up. Standard output carries the
 * answer and nothing else; everything about the way there goes to standard error.
 */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process, { argv, env, stderr, stdout } from 'node:process';
import { untilInterrupted } from './interruption.ts';
import { type Asked, help, readArguments } from './world/arguments.ts';
import { UsageError } from './world/commands.ts';
import { openControl, sendCommand } from './world/control.ts';
import { controlFileIn, sandboxHome } from './world/control-file.ts';
import { summarise } from './world/describe.ts';
import { putUnderManagement } from './world/register.ts';
import { welcome } from './world/welcome.ts';

// Whoever reads only the first line may close the pipe; that is no reason to fall over.
stdout.on('error', () => {});
try {
  await run(readArguments(argv.slice(2)));
} catch (error) {
  stderr.write(`${error instanceof Error ? explain(error) : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function run(asked: Asked): Promise<void> {
  switch (asked.kind) {
    case 'help':
      stdout.write(help);
      return;
    case 'command':
      stdout.write(
        `${await sendCommand(asked.words, controlFileIn(asked.dir === null ? null : placeOf(asked.dir)))}\n`,
      );
      return;
    case 'start':
      return stayUp(asked);
    default:
      asked satisfies never;
  }
}

async function stayUp({ options, json, keep, register }: Extract<Asked, { kind: 'start' }>): Promise<void> {
  const interrupted = untilInterrupted();
  const startedAt = performance.now();
  const progress = (line: string) => stderr.write(`${elapsed(startedAt)}  ${line}\n`);
  const dir = options.dir === undefined ? await makeDir() : placeOf(options.dir);
  const removeDir = !keep && options.dir === undefined;
  const { startWorld } = await import('./world/start-world.ts'); // not needed by a command, which should be quick
  try {
    const world = await startWorld({ ...options, dir, removeDir, signal: interrupted.signal, onProgress: progress });
    await using _ = { [Symbol.asyncDispose]: () => world.stop() };
    if (register) await putUnderManagement(world, progress);
    const control = await openControl(world, [controlFileIn(world.dir), controlFileIn(null)]);
    progress(`${summarise(world.describe())} is up`);
    stdout.write(`${json ? JSON.stringify(world.describe()) : welcome(world.describe(), { register })}\n`);
    await interrupted.promise;
    progress('stopping');
    await control.close();
  } catch (error) {
    if (!interrupted.signal.aborted) {
      stderr.write(`the directory is kept: ${dir}\n`);
      throw error;
    }
  }
  progress('nothing is left running');
}

/** npm runs in the directory of the project, whoever calls it from elsewhere. */
function placeOf(dir: string): string {
  return resolve(env.INIT_CWD ?? process.cwd(), dir);
}

async function makeDir(): Promise<string> {
  await mkdir(sandboxHome, { recursive: true });
  return mkdtemp(join(sandboxHome, 'world-'));
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(5)} s`;
}

/** The chain of causes, a line each: the last one is usually what to look at. */
function explain(error: Error): string {
  return error.cause instanceof Error ? `${error.message}\n  because: ${explain(error.cause)}` : error.message;
}
