export type Slots = {
  /** Waits for a free place and gives back the function that frees it; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void>;
};

/** A first-come-first-served limit on things done at the same time. */
export function createSlots(limit: number): Slots {
  const waiting: (() => void)[] = [];
  let taken = 0;

  const release = () => {
    taken -= 1;
    waiting.shift()?.();
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
