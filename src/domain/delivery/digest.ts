import type { Severity } from '../alert.ts';

export type DigestOfCluster = {
  readonly name: string;
  /** LOW alerts that are not resolved, the oldest first; no more than can be shown. */
  readonly low: readonly LowAlert[];
  readonly lowCount: number;
  /** How many of them are open for more than 7 days. */
  readonly oldCount: number;
  /** How many that stood in an earlier daily message were resolved since the last one. */
  readonly ended: number;
  /** How often alerts were resolved before anybody was told. */
  readonly missed: readonly { readonly rule: string; readonly count: number }[];
  readonly flapping: readonly { readonly number: number; readonly title: string; readonly severity: Severity }[];
  /** How many alerts a silence hides now, how many something else hides now, and how many were hidden before and are not now. */
  readonly silenced: number;
  readonly inhibited: number;
  readonly hiddenBefore: number;
};

export type LowAlert = {
  readonly number: number;
  readonly title: string;
  readonly since: Date;
  /** Whether the last looks found nothing out about it. */
  readonly isStale: boolean;
  /** Who takes care of it; null = nobody said so. */
  readonly takenBy: string | null;
};

/** What the daily message of a channel says, as it was when it was made. */
export type Digest = {
  /** The day of the calendar that it stands for, as `2026-03-02`. */
  readonly day: string;
  /** It counts what happened from `since` on. */
  readonly since: Date;
  readonly at: Date;
  readonly clusters: readonly DigestOfCluster[];
  /** Rules that fired most often in the last day, the worst first. */
  readonly noisy: readonly { readonly rule: string; readonly count: number }[];
  /** Silences that end before the day does. */
  readonly silences: readonly { readonly name: string; readonly until: Date; readonly reason: string }[];
};

/** Open for longer than this, a LOW alert stands on top. */
export const oldMs = 7 * 86_400_000;
/** A rule that fired less often in a day is not noise. */
export const leastNoise = 3;
/** So many rules are named, and so many alerts of a cluster kept for the message. */
export const mostNoisy = 3;
export const mostKept = 50;

/** Whether there is anything to say: else there is no message on that day. */
export function isWorthTelling({ clusters, noisy, silences }: Digest): boolean {
  return clusters.length > 0 || noisy.length > 0 || silences.length > 0;
}

/** What is known of one cluster, or null when nothing has to be said about it. */
export function orNothing(cluster: DigestOfCluster): DigestOfCluster | null {
  const { lowCount, ended, missed, flapping } = cluster;
  return lowCount + ended + missed.length + flapping.length + hiddenOf(cluster) === 0 ? null : cluster;
}

function hiddenOf({ silenced, inhibited, hiddenBefore }: DigestOfCluster): number {
  return silenced + inhibited + hiddenBefore;
}

/** Numbers of all clusters together. */
export function sumsOf({ clusters }: Pick<Digest, 'clusters'>) {
  const sum = (of: (cluster: DigestOfCluster) => number) => clusters.reduce((all, cluster) => all + of(cluster), 0);
  return {
    low: sum(({ lowCount }) => lowCount),
    old: sum(({ oldCount }) => oldCount),
    ended: sum(({ ended }) => ended),
    missed: sum(({ missed }) => missed.reduce((all, each) => all + each.count, 0)),
    flapping: sum(({ flapping }) => flapping.length),
    hidden: sum(hiddenOf),
  };
}
