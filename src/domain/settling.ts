import type { Alert } from './alert.ts';
import { type AlertPolicy, inWords, type PlannedWork } from './alert-facts.ts';

/** Something that a run hid while it worked, which no look has found over since the run ended well. */
export type Settling = {
  readonly fingerprint: string;
  readonly runId: string;
  readonly runNumber: number;
  /** When the run ended: it succeeded, its end check passed, and nothing else has worked on its nodes since. */
  readonly endedAt: Date;
  /** The nodes that it brought back. */
  readonly nodeIds: readonly string[];
};

/** The run after which something settles, and until when at the latest. */
export type SettlesAfter = PlannedWork & {
  readonly runNumber: number;
  readonly until: Date;
  readonly because: string;
};

/**
 * What the rules give that a run explains. The cluster's own rows are 15 to 20 s late, other frontends some seconds more, and a
 * node that is still away after this has not come back.
 */
export const settleAfterRunMs = 2 * 60_000;

/** No rule gives more time than this; older ends of runs need not be read. */
export const longestSettleMs = 10 * 60_000;

const toBeOver = 'to be over';

/**
 * Pure. The run that hid this and ended well so lately that it may still be passing, by the time that the rule gives; null
 * = it counts like anything else: what began after the run, what a look found over before it came back, what is about
 * another node, and what a rule without such a time found.
 */
export function settlesAfter(
  { rule, nodeId, fingerprint }: Pick<Alert, 'rule' | 'nodeId' | 'fingerprint'>,
  { settling, at, policy }: { settling: readonly Settling[]; at: Date; policy: AlertPolicy },
): SettlesAfter | null {
  const facts = policy.rules.find(({ name }) => name === rule);
  if (nodeId === null || facts === undefined || facts.isNeverHidden || !facts.isInhibitedByRuns) return null;
  const settlesMs = Math.min(facts.settlesMs ?? 0, longestSettleMs);
  for (const { runId, runNumber, endedAt, nodeIds, fingerprint: hidden } of settling) {
    const until = new Date(endedAt.getTime() + settlesMs);
    if (hidden !== fingerprint || !nodeIds.includes(nodeId) || at < endedAt || at >= until) continue;
    const because = `R-${runNumber} ended well, and what it hid may take until ${inWords(until)} ${toBeOver}`;
    return { nodeId, runId, runNumber, until, because };
  }
  return null;
}

/** Whether what hides an alert is a run that has ended, and not one that is at work or has stopped the node. */
export function isSettling(because: string): boolean {
  return because.endsWith(toBeOver);
}
