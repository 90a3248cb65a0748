/** How many connections to the database all work for sockets may use at the same time. */
export const subscriptionWidth = 4;

/**
 * Lets `width` pieces of work go on at a time, the others in the order in which they came. All work for sockets goes
 * through one of these: hundreds of sockets that open at once would ask for hundreds of connections to the database, and
 * requests would wait behind them.
 */
export function makeTurns(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let under = 0;
  return async (work) => {
    // A turn is passed on directly to the first that waits, so that newcomers do not overtake those who wait.
    if (under === width) await new Promise<void>((go) => waiting.push(go));
    else under += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) under -= 1;
      else next();
    }
  };
}
