import { closeSync, existsSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.mjs';
import { freePort } from './ports.mjs';

const portRaces = 5;
const pollMs = 25;

/**
 * @typedef {object} ServerKind
 * @property {string} name
 * @property {string} program absolute path
 * @property {string} dir where it keeps everything
 * @property {string} logFile
 * @property {string} pidFile
 * @property {number} readyWithinMs
 * @property {(port: number) => Promise<string[]>} prepare writes what the server reads at its start; answers its arguments
 * @property {(port: number, logged: string) => Promise<boolean>} isReady
 * @property {() => Promise<void>} [afterReady]
 */

/**
 * @typedef {object} Server
 * @property {number} port the same one after a restart, so that clients can find it again
 * @property {() => number} pid
 * @property {() => boolean} alive
 * @property {() => Promise<void>} stop orderly; everything accepted is on disk
 * @property {() => Promise<void>} kill SIGKILL, as in a power cut
 * @property {() => Promise<void>} restart starts it again on its port; it must have been stopped or killed
 */

/**
 * Starts a server on a free port and waits until it answers.
 *
 * @param {ServerKind} kind
 * @returns {Promise<Server>}
 */
export async function startServer(kind) {
  await untilPredecessorIsGone(kind);
  let { child, port } = await launchOnFreePort(kind);
  return {
    port,
    pid: () => child.pid,
    alive: () => child.alive(),
    stop: () => child.stop({ graceMs: 20_000 }),
    kill: async () => {
      child.kill('SIGKILL');
      await child.exited;
    },
    restart: async () => {
      if (child.alive()) throw new Error(`${kind.name} is still running; stop or kill it first`);
      const again = await launch(kind, port);
      if (again === 'port taken') throw new Error(`${kind.name} lost its port ${port} to another program`);
      child = again;
    },
  };
}

/** @param {ServerKind} kind */
async function launchOnFreePort(kind) {
  for (let attempt = 0; attempt < portRaces; attempt += 1) {
    const port = await freePort();
    const child = await launch(kind, port);
    if (child !== 'port taken') return { child, port };
  }
  throw new Error(`${kind.name} found its port taken ${portRaces} times in a row; see ${kind.logFile}`);
}

/**
 * @param {ServerKind} kind
 * @param {number} port
 */
async function launch(kind, port) {
  const args = await kind.prepare(port);
  const log = openSync(kind.logFile, 'w', 0o600);
  const child = await startChild(kind.program, args, { output: log, cwd: kind.dir });
  closeSync(log);
  const deadline = Date.now() + kind.readyWithinMs;
  while (!(await kind.isReady(port, readFileSync(kind.logFile, 'utf8')))) {
    if (!child.alive()) {
      const logged = readFileSync(kind.logFile, 'utf8');
      if (/address already in use/i.test(logged)) return 'port taken';
      throw new Error(`${kind.name} ended while it was starting. The end of ${kind.logFile}:\n${lastLines(logged)}`);
    }
    if (Date.now() > deadline) {
      await child.stop({ graceMs: 1000 });
      const logged = lastLines(readFileSync(kind.logFile, 'utf8'));
      throw new Error(
        `${kind.name} did not answer within ${kind.readyWithinMs} ms. The end of ${kind.logFile}:\n${logged}`,
      );
    }
    await delay(pollMs);
  }
  await kind.afterReady?.();
  return child;
}

/**
 * Whoever used this directory before us may have been killed, and its server be on its way out (see guard.sh): two
 * servers on the same files would be the end of them.
 *
 * @param {ServerKind} kind
 */
async function untilPredecessorIsGone({ name, dir, pidFile }) {
  const deadline = Date.now() + 30_000;
  while (existsSync(pidFile) && runsOn(dir, Number.parseInt(readFileSync(pidFile, 'utf8'), 10))) {
    if (Date.now() > deadline) throw new Error(`another ${name} still runs on ${dir}; its process id is in ${pidFile}`);
    await delay(100);
  }
}

/**
 * @param {string} dir
 * @param {number} pid
 */
function runsOn(dir, pid) {
  if (!Number.isInteger(pid)) return false;
  try {
    // Both servers work in their own directory. Their command lines say less: Redis rewrites its own.
    const workingDirectory = readlinkSync(`/proc/${pid}/cwd`);
    return workingDirectory === dir || workingDirectory.startsWith(`${dir}/`);
  } catch {
    return false; // gone, or a system without /proc, where the servers' own locks must do
  }
}

/** @param {string} text */
function lastLines(text) {
  return text.trimEnd().split('\n').slice(-12).join('\n');
}
