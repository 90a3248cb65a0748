import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const guard = fileURLToPath(new URL('guard.sh', import.meta.url));

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} exited never rejects
 * @property {() => boolean} alive
 * @property {(signal: NodeJS.Signals) => void} kill does nothing once the process is gone
 * @property {(options?: { graceMs?: number }) => Promise<void>} stop SIGTERM, then SIGKILL when the grace is over
 */

/**
 * Starts a process in its own group that dies with us, however we end (see guard.sh). Being in its own group, it does
 * not get the terminal's Ctrl-C: who starts it decides in which order things stop.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {object} [options]
 * @param {number | 'inherit'} [options.output] file descriptor for stdout and stderr
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} [options.graceSeconds] between SIGTERM and SIGKILL when we died
 * @returns {Promise<Child>}
 */
export async function startChild(command, args, { output = 'inherit', cwd, env, graceSeconds = 10 } = {}) {
  const child = spawn('/bin/sh', [guard, String(graceSeconds), command, ...args], {
    stdio: ['pipe', output, output],
    detached: true,
    cwd,
    env,
  });
  const { promise: exited, resolve } = deferred();
  child.once('exit', (code, signal) => {
    child.stdin?.destroy(); // releases the watcher in guard.sh
    resolve({ code, signal });
  });
  child.stdin?.on('error', () => {}); // the pipe breaks when the command ends: that is what 'exit' is for
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command} started without a process id`);

  const alive = () => child.exitCode === null && child.signalCode === null;
  /** @param {NodeJS.Signals} signal */
  const kill = (signal) => {
    if (alive()) child.kill(signal);
  };
  return { pid, exited, alive, kill, stop: ({ graceMs = 10_000 } = {}) => stopGently({ kill, exited, graceMs }) };
}

/** @param {Pick<Child, 'kill' | 'exited'> & { graceMs: number }} child */
async function stopGently({ kill, exited, graceMs }) {
  kill('SIGTERM');
  const timer = setTimeout(() => kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

// Promise.withResolvers, which Node 20 does not have.
function deferred() {
  /** @type {(exit: { code: number | null, signal: NodeJS.Signals | null }) => void} */
  let resolve = () => {};
  /** @type {Promise<{ code: number | null, signal: NodeJS.Signals | null }>} */
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
