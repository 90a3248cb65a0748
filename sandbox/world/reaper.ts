import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** As the nodes have one: what is most of a small program's start is done once. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/sandbox', import.meta.url));

export type Reaper = {
  /** Lets it clean up now, and waits until it has. */
  finish(how?: { keepDir: boolean }): Promise<void>;
};

/** Starts the process that cleans up after this one, however this one ends. It is in a session of its own: Ctrl-C passes it by. */
export function startReaper(dir: string, { removeDir }: { removeDir: boolean }): Reaper {
  const program = fileURLToPath(new URL('./reaper-main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, dir, ...(removeDir ? ['--remove'] : [])], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache },
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`cleaning up ${dir} failed; its processes may still run`)),
    );
  });
  ended.catch(() => {}); // told by finish(), or by nobody when the world was killed
  child.unref();
  return {
    finish({ keepDir } = { keepDir: false }) {
      child.ref();
      child.stdin.end(keepDir ? 'keep' : '');
      return ended;
    },
  };
}
