/** How often the database is asked without a notification: notifications through Redis may be lost. */
const pollMs = 2_000;

export type Bell = { onChanged(listener: (topic: string) => void): () => void };

/**
 * Yields at once, then whenever something that `isMeant` may have changed: after a notification, and every so often
 * without one. Changes that come while the consumer is busy make one tick, so nothing piles up and nothing is missed.
 */
export async function* ticks(bell: Bell, isMeant: (topic: string) => boolean): AsyncGenerator<void, never, void> {
  let rung = true;
  let wake = () => {};
  const stop = bell.onChanged((changed) => {
    if (!isMeant(changed)) return;
    rung = true;
    wake();
  });
  try {
    for (;;) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pollMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      rung = false;
      yield;
    }
  } finally {
    stop();
  }
}
