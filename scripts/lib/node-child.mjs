import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startChild } from './child.mjs';
import { findNode } from './node.mjs';

/** Where package.json is; ends in a slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const forwarded = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a file with a Node.js that knows TypeScript, hands every signal on to it, and answers its exit code. The child
 * cannot outlive this process.
 *
 * @param {readonly string[]} args the file first
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
