/** How much one token may keep open at the same time, and all tokens together in one process. */
export const socketLimits = {
  perToken: 50,
  subscriptionsPerToken: 500,
  subscriptionsPerSocket: 50,
  all: 1_000,
} as const;

/** Counts by token what is open. */
export function countOpen() {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    of: (key: string): number => counts.get(key) ?? 0,
    total: (): number => total,
    add: (key: string): void => {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      total += 1;
    },
    remove: (key: string): void => {
      const left = (counts.get(key) ?? 0) - 1;
      if (left < 0) return;
      total -= 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    },
  };
}
