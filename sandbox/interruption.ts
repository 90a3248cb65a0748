import process from 'node:process';

/** npm hands a signal on that the terminal has sent to us as well: what comes within this time is the same one. */
const sameSignalMs = 1_000;

export type Interruption = { readonly signal: AbortSignal; readonly promise: Promise<void> };

/**
 * The first SIGINT, SIGTERM or SIGHUP asks for an orderly end; a second one, a while later, ends this process, and the reaper of
 * its world does the rest.
 */
export function untilInterrupted(): Interruption {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstAt: number | null = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (firstAt === null) {
        firstAt = performance.now();
        controller.abort();
        resolve();
      } else if (performance.now() - firstAt > sameSignalMs) process.exit(1);
    });
  }
  return { signal: controller.signal, promise };
}
