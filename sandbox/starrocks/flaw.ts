import type { Pace } from './pace.ts';

/**
 * What is wrong with the binaries of a release themselves, as opposed to a fault that strikes a sound node: it comes and goes
 * with `lib/`, so putting the old binaries back mends it.
 */
export type Flaw =
  /** The process says why in the files where a real one would, and ends. */
  | { readonly kind: 'never-starts' }
  /** As where somebody else has its first port, whatever the conf file says. */
  | { readonly kind: 'port-taken' }
  /** The process runs and listens on nothing, so no heartbeat is ever answered. */
  | { readonly kind: 'never-alive' }
  /** A backend that looks well and serves badly. */
  | {
      readonly kind: 'flaky-queries';
      /** The share of the fragments that fail, from 0 to 1. */
      readonly failShare: number;
      /** How much longer every other fragment takes, in ms of StarRocks time. */
      readonly slowMs: number;
    };

/** Reads what the release file says; null when nothing is wrong with the release. */
export function parseFlaw(value: unknown): Flaw | null {
  if (typeof value !== 'object' || value === null) return null;
  const kind: unknown = Reflect.get(value, 'kind');
  switch (kind) {
    case 'never-starts':
    case 'port-taken':
    case 'never-alive':
      return { kind };
    case 'flaky-queries':
      return { kind, failShare: Number(Reflect.get(value, 'failShare')), slowMs: Number(Reflect.get(value, 'slowMs')) };
    default:
      throw new Error(`unknown flaw ${String(kind)}`);
  }
}

/** To be awaited before each fragment: fails the share that the flaw says, evenly spread rather than by chance. */
export function createStumble(flaw: Flaw | null, pace: Pace): () => Promise<void> {
  if (flaw?.kind !== 'flaky-queries') return async () => {};
  let due = 0;
  return async () => {
    due += flaw.failShare;
    if (due >= 1) {
      due -= 1;
      throw new Error('Internal error: column reader met an unexpected page type');
    }
    await new Promise((wake) => setTimeout(wake, pace.ms(flaw.slowMs)));
  };
}
