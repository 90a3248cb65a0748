export type Slots = {
  /** Waits for a free place and gives back the function that frees it; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
  /** How many places are taken now. */
  taken(): number;
  /** No more than that from now on, and at least one; whoever has a place keeps it. */
  lower(limit: number): void;
};

/** A first-come-first-served limit on things done at the same time. */
export function createSlots(most: number): Slots {
  let limit = most;
  const waiting: (() => void)[] = [];
  let taken = 0;

  const release = () => {
    taken -= 1;
    if (taken < limit) waiting.shift()?.();
  };
  const occupy = () => {
    taken += 1;
    let isReleased = false;
    return () => {
      if (!isReleased) release();
      isReleased = true;
    };
  };
  return {
    taken: () => taken,
    lower: (wanted) => {
      limit = Math.max(1, Math.min(limit, wanted));
    },
    async take(signal) {
      signal.throwIfAborted();
      if (taken < limit) return occupy();
      return new Promise((resolve, reject) => {
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve(occupy());
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1);
          reject(signal.reason);
        };
        waiting.push(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
}
