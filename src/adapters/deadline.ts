import { AppError } from '../errors.ts';

export type Deadline = {
  /** Aborts with the error to throw as its reason: `TIMEOUT` or `CANCELED`. */
  readonly signal: AbortSignal;
  /** The result of the work, or the deadline's error when that comes first; the work itself is not stopped. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Milliseconds left, at least 1. */
  remainingMs(): number;
  /** Releases timer and listeners; has to be called on every way out. */
  end(): void;
};

export type DeadlineOptions = {
  /** The subject of the error's sentence, e.g. `show-backends on 10.0.0.1:9030`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

const longestTimerMs = 2_147_483_647;

/** Joins a timeout and a caller's signal, so that each wait for something outside has one limit. */
export function startDeadline({ what, timeoutMs, signal }: DeadlineOptions): Deadline {
  const endsAt = performance.now() + timeoutMs;
  const controller = new AbortController();
  const onTimeout = () =>
    controller.abort(new AppError('TIMEOUT', `${what} took longer than ${timeoutMs} ms`, { retryable: true }));
  const onCancel = () => controller.abort(new AppError('CANCELED', `${what} was canceled`, { cause: signal?.reason }));
  // A longer time would make the timer fire at once.
  const timer = setTimeout(onTimeout, Math.min(timeoutMs, longestTimerMs));
  if (signal?.aborted) onCancel();
  signal?.addEventListener('abort', onCancel, { once: true });

  return {
    signal: controller.signal,
    race: (work) => raceAbort(work, controller.signal),
    remainingMs: () => Math.max(1, Math.ceil(endsAt - performance.now())),
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onCancel);
    },
  };
}

async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be waiting any more for a failure that comes after the abort.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
