import { AppError } from '../errors.ts';

/** MySQL's and MariaDB's number for a duplicate key. */
export function isDuplicateKey(error: unknown): boolean {
  return numberOf(error) === 1062;
}

/** Deadlock or lock wait timeout: the transaction was rolled back and may be tried again as a whole. */
export function isRetryableConflict(error: unknown): boolean {
  const number = numberOf(error);
  return number === 1213 || number === 1205;
}

/**
 * True when the database did not answer, or the connection broke: the same may succeed later. False for an error of the
 * statement or its data, and for every other error; note that errors of the operating system have an `errno` too.
 */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AppError) return error.code === 'STORE_UNAVAILABLE';
  if ('sqlState' in error && typeof error.sqlState === 'string') return !/^(22|23)/.test(error.sqlState);
  return 'fatal' in error && error.fatal === true;
}

/** The connection is gone, or was never made: whatever was sent on it gets no answer. */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof Error && 'fatal' in error && error.fatal === true;
}

/**
 * Errors of a server that runs but cannot serve now: full disk, read-only, too many connections, shutting down. Numbers
 * of MySQL 8 and MariaDB 10.6: 1021 and 1114 no room, 1026 and 1030 a write that failed, 1040 and 1203 connections, 1053
 * and 1080 shutdown, 1290 and 1836 read-only, 1135 no thread, 1038 and 1041 no memory, 3 and 28 an error of the file
 * system. All of them have the general SQL state, so only the numbers tell them apart.
 */
const refusals: ReadonlySet<number> = new Set([
  3, 28, 1021, 1026, 1030, 1038, 1040, 1041, 1053, 1080, 1114, 1135, 1203, 1290, 1836,
]);

/** Those of them that mean that nothing can be written: no room, or read-only. */
const writeRefusals: ReadonlySet<number> = new Set([3, 28, 1021, 1026, 1030, 1114, 1290, 1836]);

/** True when a server that runs refuses to serve for a reason that has nothing to do with the statement. */
export function isRefusedByServer(error: unknown): boolean {
  const number = numberOf(error);
  return number !== null && refusals.has(number);
}

/** True when that reason is that the server cannot write. */
export function isRefusedWrite(error: unknown): boolean {
  const number = numberOf(error);
  return number !== null && writeRefusals.has(number);
}

/** The server's number of an error; null for an error that no server sent. */
function numberOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('sqlState' in error) || !('errno' in error)) return null;
  return typeof error.errno === 'number' ? error.errno : null;
}

const repeatHint =
  'Ask again in a moment. If it was a change, look first whether it was recorded, or give the same idempotencyKey again.';

/** The error that everybody gets when the database cannot serve: the same sentence in the API, in Slack and in the log. */
export function storeUnavailable(cause: unknown): AppError {
  return new AppError('STORE_UNAVAILABLE', sentence(cause), { hint: repeatHint, retryable: true, cause });
}

function sentence(cause: unknown): string {
  if (isRefusedWrite(cause)) return "Starwarden's own database cannot write: its disk is full, or it is read-only";
  if (isRefusedByServer(cause)) return "Starwarden's own database takes no more work now";
  return "Starwarden's own database does not answer";
}
