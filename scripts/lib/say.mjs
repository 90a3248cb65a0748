const colours = process.stderr.isTTY && process.env.NO_COLOR === undefined;

/** @param {string} text */
export const dim = (text) => (colours ? `\u001b[2m${text}\u001b[22m` : text);
/** @param {string} text */
export const red = (text) => (colours ? `\u001b[31m${text}\u001b[39m` : text);
/** @param {string} text */
export const green = (text) => (colours ? `\u001b[32m${text}\u001b[39m` : text);

/**
 * One line about what is going on. It goes to standard error, because standard output belongs to the command: the
 * sandbox prints JSON there.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A failure that is fully told by its message: printed without a stack. */
export class Told extends Error {
  /**
   * @param {string} message
   * @param {string} [hint]
   */
  constructor(message, hint) {
    super(hint === undefined ? message : `${message}\n${hint}`);
  }
}
