const maxAheadMs = 60_000;
/** Slack's kit itself refuses requests older than this, so a signature need not be remembered for longer. */
const rememberMs = 5 * 60_000 + maxAheadMs;

/**
 * Refuses signed requests whose signature is good but which come from the future or were seen before. It knows only what
 * this process has seen; across processes the `trigger_id` in MySQL does the same for everything that has an effect.
 */
export function createReplayGuard(now: () => Date): {
  refuse(request: { signature: string; timestamp: number }): 'future' | 'replay' | null;
} {
  const seen = new Map<string, number>();
  return {
    refuse: ({ signature, timestamp }) => {
      const nowMs = now().getTime();
      if (timestamp * 1000 > nowMs + maxAheadMs) return 'future';
      for (const [old, until] of seen) {
        if (until > nowMs) break; // in the order of their arrival
        seen.delete(old);
      }
      if (seen.has(signature)) return 'replay';
      seen.set(signature, nowMs + rememberMs);
      return null;
    },
  };
}
