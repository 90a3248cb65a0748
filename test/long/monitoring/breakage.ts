import type { Told } from './alert-lab.ts';
import type { Undo } from './site.ts';

/** What a shipped rule is tried with: something is really broken, and the card of its alert is waited for. */
export type Breakage<S> = {
  /** What is broken, for people: it stands in the documentation. */
  readonly broken: string;
  /** What is expected of the alert and its card. */
  readonly told: (site: S) => Omit<Told, 'rule'>;
  /** Rules whose alerts follow from it too. */
  readonly also?: readonly string[];
  /** Done before anybody looks. */
  readonly prepares?: (site: S) => Promise<void>;
  /** Why nobody waits for its end. */
  readonly staysOpen?: string;
  /** Breaks it; what it answers makes it whole again. */
  readonly breaks: (site: S) => Promise<Undo>;
};
