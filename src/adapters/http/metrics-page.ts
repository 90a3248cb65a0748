/** One sample of a metrics page. */
export type MetricSample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/**
 * Why something on a page does not count.
 *
 * - `UNREADABLE`: no sample and no comment. `TOO_LONG`: a line of more than 16 KB. `CUT`: the page ends within it.
 * - `CONTRADICTORY`: the same series has two values, so it has none.
 * - `PART_OF_A_NAME`: it looks like a line, but a client put it there by logging in under such a name.
 * - `NOT_CERTAIN`: it stands where such a name may end, and nothing on the page tells which of both it is.
 * - `TOO_MANY`: more than are kept.
 */
export type OddityKind =
  | 'UNREADABLE'
  | 'TOO_LONG'
  | 'CUT'
  | 'CONTRADICTORY'
  | 'PART_OF_A_NAME'
  | 'NOT_CERTAIN'
  | 'TOO_MANY';

/** `text` is the beginning of the line, or the name of the series, 200 characters at most. */
export type Oddity = { readonly kind: OddityKind; readonly text: string };

/**
 * A name that CREATE USER refuses, so somebody tried to log in with it. Users of an LDAP or token service may be called
 * so, too; one that `isHostile` would change what the page says: no directory has such people.
 */
export type ImpossibleUser = {
  /** 200 characters at most. */
  readonly name: string;
  /** Connections now; null = they cannot be read. */
  readonly connections: number | null;
  /** A quote, brace, backslash, line break or other control character is in it. */
  readonly isHostile: boolean;
};

/** What a page of metrics says about the wanted families. */
export type MetricsPage = {
  readonly samples: readonly MetricSample[];
  /** What does not count, and why: the first twenty. */
  readonly oddities: readonly Oddity[];
  readonly oddityCount: number;
  /** The first twenty. */
  readonly impossibleUsers: readonly ImpossibleUser[];
  readonly impossibleUserCount: number;
  /**
   * The page ended too early. What was read of it is right, but series may be missing, so a sum over series may be too
   * small.
   */
  readonly isCut: boolean;
  /** Lines that look like samples, wanted or not; 0 = it was no page of metrics. */
  readonly sampleLines: number;
};
