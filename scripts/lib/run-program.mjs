import { spawn, spawnSync } from 'node:child_process';
import { Told } from './say.mjs';

const mostLines = 40;

/**
 * @typedef {object} Ended
 * @property {number | null} status
 * @property {NodeJS.Signals | null} signal
 * @property {string} output standard output and standard error
 * @property {Error | undefined} error why it could not even be started
 */

/**
 * Runs a program to its end and answers its standard output. A failure is told with all that the program said, on either
 * of its outputs: the command alone helps nobody.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<string>}
 */
export function runProgram(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', (error) =>
      reject(new Told(failureOf([program, ...args], { status: null, signal: null, output, error }))),
    );
    child.once('close', (status, signal) => {
      if (status === 0) resolve(stdout);
      else reject(new Told(failureOf([program, ...args], { status, signal, output, error: undefined })));
    });
  });
}

/**
 * The same, in one go.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, hint?: string }} [options]
 * @returns {string}
 */
export function runProgramSync(program, args, { env, cwd, hint } = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env,
    cwd,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stdout;
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  throw new Told(failureOf([program, ...args], { status, signal, output, error }), hint);
}

/**
 * @param {readonly string[]} command
 * @param {Ended} ended
 */
function failureOf(command, { status, signal, output, error }) {
  const how = signal !== null ? `ended by ${signal}` : status !== null ? `exit code ${status}` : 'not started';
  const said = [error?.message ?? '', shortened(output)].filter((text) => text !== '').join('\n');
  return `${command.join(' ')} failed (${how}). ${said === '' ? 'It said nothing.' : `It said:\n${said}`}`;
}

/**
 * Some programs say first what is wrong and add pages of help, others end with it.
 *
 * @param {string} text
 */
function shortened(text) {
  const lines = text.trim().split('\n');
  if (lines.length <= mostLines) return lines.join('\n');
  const half = mostLines / 2;
  return [...lines.slice(0, half), `… ${lines.length - mostLines} more lines …`, ...lines.slice(-half)].join('\n');
}
