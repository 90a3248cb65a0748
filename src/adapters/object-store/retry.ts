import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import type { StoreCall } from './port.ts';

const defaultTimeoutMs = 30_000;
const mostTries = 3;
const firstPauseMs = 200;

type Tried<T> = {
  /** For the sentence of a time that is over. */
  readonly what: string;
  readonly call: StoreCall;
  readonly send: (signal: AbortSignal) => Promise<T>;
  readonly explain: (error: unknown) => AppError;
};

/**
 * Sends a request that may be sent again, three times at most, each with a share of the time so that one that hangs leaves
 * room for the next. Throws what `explain` makes of the last failure, `CANCELED`, or `OBJECT_STORE_UNREACHABLE`.
 */
export async function withRetries<T>({ what, call, send, explain }: Tried<T>): Promise<T> {
  const { timeoutMs = defaultTimeoutMs, signal } = call;
  const whole = startDeadline({ what, timeoutMs, signal });
  try {
    for (let tried = 1; ; tried += 1) {
      const share = Math.max(1, Math.ceil(whole.remainingMs() / (mostTries + 1 - tried)));
      const failure = await once({ what, share, send, explain, whole: whole.signal });
      if (failure.kind === 'answered') return failure.value;
      if (signal?.aborted) throw whole.signal.reason;
      if (!mayPass(failure.error) || tried === mostTries || whole.signal.aborted) throw failure.error;
      const pauseMs = firstPauseMs * 4 ** (tried - 1) * (0.5 + Math.random());
      await sleep(Math.min(pauseMs, whole.remainingMs()), undefined, { signal: whole.signal }).catch(() => undefined);
      if (signal?.aborted) throw whole.signal.reason;
    }
  } finally {
    whole.end();
  }
}

/** What the guard says is not the store's: asking again at once would not change it. */
function mayPass({ code, retryable }: AppError): boolean {
  return retryable && code.startsWith('OBJECT_STORE_');
}

type Outcome<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: AppError };

async function once<T>(
  given: Pick<Tried<T>, 'what' | 'send' | 'explain'> & { share: number; whole: AbortSignal },
): Promise<Outcome<T>> {
  const { what, share, send, explain, whole } = given;
  const deadline = startDeadline({ what, timeoutMs: share, signal: whole });
  try {
    return { kind: 'answered', value: await deadline.race(send(deadline.signal)) };
  } catch (error) {
    const isLate = error === deadline.signal.reason || deadline.signal.aborted;
    return { kind: 'failed', error: isLate ? silent(what, share) : explain(error) };
  } finally {
    deadline.end();
  }
}

/** A store that takes no connection and one that never answers look the same from here. */
export function silent(what: string, afterMs: number): AppError {
  return new AppError('OBJECT_STORE_UNREACHABLE', `${what} got no answer within ${Math.round(afterMs / 100) / 10} s`, {
    hint: 'Check the endpoint, and that the network lets Starwarden through to it.',
    retryable: true,
  });
}
