/** A release that takes the place of what a node runs from, in one run. */
export type Replacement = {
  /** The checksum too, because two archives of one version may differ. */
  readonly release: { readonly version: string; readonly sha256: string };
  /**
   * The version that ran before the release came, as the node reports it: its binaries are kept under this name and the
   * run's.
   */
  readonly keptVersion: string;
  readonly runId: string;
};

/** One part of a node's binaries, e.g. `lib`. */
export type PartState = {
  readonly name: string;
  /** What is in place: the release that was staged, another one, or nothing. */
  readonly live: 'new' | 'other' | 'no';
  readonly staged: boolean;
  readonly kept: boolean;
};

export type BinariesState = {
  /**
   * `old`: the release is staged beside the binaries that ran before. `new`: all of it is in place. `half`: a swap, or
   * its reverse, stopped half-way. `nothing-staged`: the binaries that ran before are in place, and the release is not
   * there.
   */
  readonly state: 'old' | 'new' | 'half' | 'nothing-staged';
  readonly parts: readonly PartState[];
};

/** Binaries that ran before, by the name that they are kept under. */
export type KeptBinaries = { readonly name: string; readonly sizeBytes: number };
