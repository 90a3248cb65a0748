import { createSlots } from '../slots.ts';

export type Crowd = {
  /** Waits for a place and gives back the function that frees it; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>;
};

export type CrowdLimits = {
  /** How many begin at the same time. */
  readonly atOnce: number;
  /** Who takes longer gives up the place to the next one, and goes on: a host that hangs delays no other. */
  readonly slowMs: number;
  /** How many there may be in all, the slow ones included: more would be memory without a bound. */
  readonly most: number;
};

/** A first-come-first-served limit for work at many hosts, of which some are always slow. */
export function createCrowd({ atOnce, slowMs, most }: CrowdLimits): Crowd {
  const all = createSlots(Math.max(most, atOnce));
  const quick = createSlots(atOnce);
  return {
    enter: async (signal) => {
      const leave = await all.take(signal);
      const giveUpPlace = await quick.take(signal).catch((error: unknown) => {
        leave();
        throw error;
      });
      const timer = setTimeout(giveUpPlace, slowMs).unref();
      return () => {
        clearTimeout(timer);
        giveUpPlace();
        leave();
      };
    },
  };
}
