/** Connections to the database that everything which came over sockets uses at once. */
export const subscriptionWidth = 4;

/**
 * Lets `width` pieces of work go at a time, the rest in the order in which they came. What comes over sockets goes through one
 * of these: hundreds that open at once ask for hundreds of connections to the database, and requests would wait behind them.
 */
export function makeTurns(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let under = 0;
  return async (work) => {
    // A turn is handed over, not given up and taken: who comes meanwhile does not pass those who wait.
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
