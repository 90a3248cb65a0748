import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.mjs';
import { findNode } from './node.mjs';

/**
 * How Starwarden itself is started, in the image too (`Dockerfile`). By itself the nursery of new objects grows to 130 MB,
 * and what Starwarden makes lives shortly: 17 MB of them take no more CPU time (docs/performance.md).
 */
export const productionFlags = /** @type {const} */ (['--max-semi-space-size=8']);

/** Where package.json is; ends in a slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a file with a Node.js that knows TypeScript, hands every signal on to it, and answers its exit code. The child
 * cannot outlive this process.
 *
 * @param {readonly string[]} args flags of Node.js, then the file
 * @param {{ env?: NodeJS.ProcessEnv, graceSeconds?: number }} [options]
 * @returns {Promise<number>}
 */
export async function runNode(args, { env = process.env, graceSeconds = 30 } = {}) {
  /** @type {NodeJS.Signals[]} */
  const early = [];
  /** @type {(signal: NodeJS.Signals) => void} */
  let pass = (signal) => {
    early.push(signal);
  };
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => pass(signal);
  for (const signal of forwarded) process.on(signal, onSignal);
  try {
    const child = await startChild(findNode(), args, { cwd: root, env, graceSeconds });
    pass = child.kill;
    for (const signal of early) pass(signal);
    const { code, signal } = await child.exited;
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    for (const signal of forwarded) process.off(signal, onSignal);
  }
}
