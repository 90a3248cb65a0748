import type { Clock } from './clock.ts';
import type { Settings } from './settings.ts';

/** Calls per minute; null = generous enough never to matter. */
const perMinute = { tier1: 1, tier2: 20, tier3: 50, tier4: 100, special: null } as const;

export type Tier = keyof typeof perMinute;

export type RateCall = { readonly method: string; readonly tier: Tier; readonly channel: string | null };

export type Rates = {
  /** Seconds to wait as in `Retry-After`, or null when the call may go on. */
  take(call: RateCall): number | null;
  /** Calls that came before their Retry-After had ended. */
  readonly early: string[];
};

type Bucket = { left: number; at: number };

/** A bucket per method, and for messages one per channel that refills once a second. */
export function createRates(clock: Clock, settings: Settings): Rates {
  const buckets = new Map<string, Bucket>();
  const pausedUntil = new Map<string, number>();
  const early: string[] = [];

  function bucketFor(call: RateCall): { key: string; size: number; perMs: number } | null {
    if (call.method === 'chat.postMessage') {
      const perMs = settings.rateScale / 1_000;
      return { key: `${call.method} ${call.channel}`, size: settings.channelBurst, perMs };
    }
    const calls = perMinute[call.tier];
    if (calls === null) return null;
    const size = Math.max(1, calls * settings.rateScale);
    return { key: call.method, size, perMs: size / 60_000 };
  }

  return {
    early,
    take(call) {
      const spec = bucketFor(call);
      if (settings.rates === 'off' || spec === null) return null;
      const now = clock.now();
      const until = pausedUntil.get(spec.key) ?? 0;
      const bucket = buckets.get(spec.key) ?? { left: spec.size, at: now };
      bucket.left = Math.min(spec.size, bucket.left + Math.max(0, now - bucket.at) * spec.perMs);
      bucket.at = now;
      buckets.set(spec.key, bucket);
      if (now < until) {
        early.push(`${spec.key} was called ${until - now} ms before its Retry-After ended`);
        if (settings.prolongPause) bucket.left = 0;
      }
      if (now >= until && bucket.left >= 1) {
        bucket.left -= 1;
        return null;
      }
      const wait = Math.max(1, Math.ceil(Math.max((1 - bucket.left) / spec.perMs, until - now) / 1_000));
      pausedUntil.set(spec.key, Math.max(settings.prolongPause ? 0 : until, now + wait * 1_000));
      return wait;
    },
  };
}
