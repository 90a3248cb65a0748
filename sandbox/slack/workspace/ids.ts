import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';

export type Ids = {
  /** `C0SW000001`: a kind letter and a number that never repeats. */
  next(kind: string): string;
  secret(prefix: string): string;
  /** A message's time stamp: seconds and microseconds, later than every other. */
  ts(): string;
};

export function createIds(clock: Clock): Ids {
  let count = 0;
  let lastMicros = 0;
  return {
    next(kind) {
      count += 1;
      return `${kind}0SW${count.toString(36).toUpperCase().padStart(6, '0')}`;
    },
    secret: (prefix) => `${prefix}${randomBytes(16).toString('hex')}`,
    ts() {
      lastMicros = Math.max(lastMicros + 1, Math.floor(clock.now() * 1_000));
      return `${Math.floor(lastMicros / 1_000_000)}.${String(lastMicros % 1_000_000).padStart(6, '0')}`;
    },
  };
}
