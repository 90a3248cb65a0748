/** How often the database is asked although nobody rang: words through Redis may be lost. */
const pollMs = 2_000;

export type Bell = { onChanged(listener: (topic: string) => void): () => void };

/**
 * Yields at once, then whenever something that is meant may have changed: when the bell says so, and every so often without it.
 * Changes that come while the consumer is busy are one tick, so nothing piles up and nothing is missed.
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
