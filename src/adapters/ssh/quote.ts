import { AppError } from '../../errors.ts';

/**
 * One argument of a POSIX shell, whatever the text holds: within single quotes only the quote itself is special. A text
 * that cannot be an argument at all (a NUL character, half of a surrogate pair) is refused as `INVALID_INPUT`.
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new AppError('INVALID_INPUT', 'A shell argument cannot hold a NUL character');
  if (!text.isWellFormed()) throw new AppError('INVALID_INPUT', 'A shell argument has to be valid Unicode text');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A whole number as shell text; refuses a number that would not print as plain digits. */
export function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new AppError('INVALID_INPUT', `${value} is not a whole number that a command can take`);
  }
  return String(value);
}
