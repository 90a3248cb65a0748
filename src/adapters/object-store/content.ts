import { AppError, messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import type { StoreCall } from './port.ts';
import { silent } from './retry.ts';

const defaultIdleMs = 30_000;

/**
 * The pieces of an object's content. Throws `OBJECT_STORE_BROKE_OFF` when it ends before its size is reached, or goes on
 * after it, and `OBJECT_STORE_UNREACHABLE` when no piece comes for as long as the call says.
 */
export async function* readContent(
  body: unknown,
  { what, size, timeoutMs = defaultIdleMs, signal }: StoreCall & { what: string; size: number | null },
): AsyncGenerator<Uint8Array> {
  if (!isStream(body)) throw brokeOff(what, 'it came without a body');
  const pieces = body[Symbol.asyncIterator]();
  let length = 0;
  try {
    for (;;) {
      const piece = await nextPiece(pieces, { what, timeoutMs, signal });
      if (piece === null) break;
      length += piece.byteLength;
      if (size !== null && length > size) throw brokeOff(what, `it is longer than its ${size} bytes`);
      yield piece;
    }
  } finally {
    // Whoever stops in the middle wants no more of it; a connection that is being read cannot be used for anything else.
    body.destroy();
  }
  if (size !== null && length < size) throw brokeOff(what, `it ended after ${length} of ${size} bytes`);
}

async function nextPiece(
  pieces: AsyncIterator<unknown>,
  { what, timeoutMs, signal }: { what: string; timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Uint8Array | null> {
  const deadline = startDeadline({ what, timeoutMs, signal });
  try {
    const { value, done } = await deadline.race(pieces.next());
    if (done === true) return null;
    if (value instanceof Uint8Array) return value;
    throw brokeOff(what, 'it is no content');
  } catch (error) {
    if (signal?.aborted) throw deadline.signal.reason;
    if (deadline.signal.aborted) throw silent(what, timeoutMs);
    if (error instanceof AppError) throw error;
    throw brokeOff(what, messageOf(error), error);
  } finally {
    deadline.end();
  }
}

function brokeOff(what: string, reason: string, cause?: unknown): AppError {
  return new AppError('OBJECT_STORE_BROKE_OFF', `${what} broke off: ${reason}`, {
    hint: 'Look at the network between Starwarden and the store, and at what stands in between.',
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

type Stream = AsyncIterable<unknown> & { destroy(): void };

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'destroy' in value;
}
