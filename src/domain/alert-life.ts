import type { Alert, Mute } from './alert.ts';
import { expireAck } from './alert-ack.ts';
import { type Hideable, isNeverHidden } from './alert-explained.ts';
import type { AlertChange, AlertPolicy, AlertTimes, Condition, Draft, Pending, Sample } from './alert-facts.ts';
import { applyMute, mutesOf, workOn } from './alert-mute.ts';
import { isJudged, meet, reopen, reopenByHand } from './alert-signal.ts';
import type { OpenWindow } from './hiding-windows.ts';
import { type SettlesAfter, type Settling, settlesAfter } from './settling.ts';
import type { ActiveSilence } from './silence.ts';

export type * from './alert-facts.ts';
export { defaultAlertTimes, durationInWords, inWords, textOf } from './alert-facts.ts';
export { hiddenBecause, isAtWork } from './alert-mute.ts';
export { endAlert } from './alert-signal.ts';

/** What follows from one sample for a cluster's alerts. */
export type SampleEffect = {
  readonly opened: readonly {
    readonly condition: Condition;
    readonly since: Date;
    readonly mute: Mute;
    readonly isNeverHidden: boolean;
  }[];
  readonly changed: readonly AlertChange[];
  /** Nothing new to show: only what is counted or remembered has changed. */
  readonly kept: readonly Alert[];
  readonly pending: readonly Pending[];
  /** What holds now and is explained by a run, at work or just ended, so that nobody is told of it. */
  readonly covered: readonly { readonly runId: string; readonly condition: Condition }[];
};

/**
 * The whole state machine: from the alerts of a cluster that are not closed, the conditions that are ripening and one new
 * sample, it makes what to write. A condition on a node under planned work is not counted at all, so that it is judged
 * afresh when the work ends; an alert that was open before is only muted. What the run hid and no look has found over
 * since counts from the run's end on and is told when it had time to settle, if the run ended well. An alert whose rule could not be judged,
 * because of missing data or because this version does not have the rule, goes stale and is not resolved.
 */
export function applySample(state: AlertsOfCluster, sample: Sample, policy: AlertPolicy): SampleEffect {
  const { silences = [], windows = [], settling = [] } = state;
  const opened: { condition: Condition; since: Date }[] = [];
  // A condition that could not be judged keeps what it has ripened so far; any other that does not hold now starts again.
  const pending: Pending[] = state.pending.filter((ripening) => !isJudged(ripening, sample, policy));
  const drafts = new Map<string, Draft>();
  const settles = (condition: Condition) => settlesAfter(condition, { settling, at: sample.at, policy });

  for (const alert of state.alerts) {
    const condition = sample.conditions.find((candidate) => candidate.fingerprint === alert.fingerprint);
    drafts.set(alert.fingerprint, meet(alert, { condition, sample, policy }));
  }
  for (const condition of sample.conditions) {
    const draft = drafts.get(condition.fingerprint);
    if (draft !== undefined && draft.alert.signal !== 'RESOLVED') continue;
    if (workOn(condition, sample, policy) !== null) continue;
    const after = settles(condition);
    if (draft !== undefined && isOnlyClosedByHand(draft.alert)) {
      if (after !== null) continue;
      drafts.set(condition.fingerprint, reopenByHand(draft.alert, condition, sample.at));
      continue;
    }
    if (condition.onlyGoesOn) continue;
    const ripe = ripen(condition, state.pending, sample.at);
    if (after !== null) pending.push(whileSettling(ripe, after));
    else if (!isRipe(ripe, condition, { at: sample.at, times: policy.times })) pending.push(ripe);
    else if (draft === undefined || draft.alert.closedAt !== null) opened.push({ condition, since: ripe.since });
    else
      drafts.set(
        condition.fingerprint,
        reopen(draft.alert, condition, {
          ...{ at: sample.at, since: ripe.since, times: policy.times },
          neverFlaps: policy.rules.some(({ name, neverFlaps }) => name === condition.rule && neverFlaps === true),
        }),
      );
  }

  const firing: Hideable[] = opened.map(({ condition }) => ({ ...condition, signal: 'FIRING' }));
  const mutes = mutesOf([...[...drafts.values()].map(({ alert }) => alert).filter(isNotClosed), ...firing], {
    sample,
    policy,
    silences,
    windows,
    settling,
  });
  const muteOf = ({ fingerprint }: Hideable) => mutes.get(fingerprint) ?? ({ kind: 'NONE' } as const);
  const settled = [...drafts.values()].map((draft) =>
    isNotClosed(draft.alert)
      ? expireAck(applyMute(draft, muteOf(draft.alert), sample.at), sample.at, policy.times)
      : draft,
  );
  return {
    opened: opened.map((opening) => ({
      ...opening,
      mute: muteOf({ ...opening.condition, signal: 'FIRING' }),
      isNeverHidden: isNeverHidden(opening.condition.rule, policy),
    })),
    changed: settled.filter(({ events }) => events.length > 0),
    kept: settled.filter(({ events, isKept }) => isKept && events.length === 0).map(({ alert }) => alert),
    pending,
    covered: sample.conditions.flatMap((condition) => {
      const work = workOn(condition, sample, policy) ?? settles(condition);
      return work === null ? [] : [{ runId: work.runId, condition }];
    }),
  };
}

/** What is known of a cluster's alerts before a sample. */
export type AlertsOfCluster = {
  readonly alerts: readonly Alert[];
  readonly pending: readonly Pending[];
  /** The silences that cover the cluster now. */
  readonly silences?: readonly ActiveSilence[];
  /** The maintenance windows that are open for the cluster now and hide alerts. */
  readonly windows?: readonly OpenWindow[];
  /** What runs hid that ended well a moment ago, and no look has found over since. */
  readonly settling?: readonly Settling[];
};

/** Whether a sample shows that something which was found before does not hold any more. */
export function overIn(sample: Sample, policy: AlertPolicy) {
  return (found: Pick<Pending, 'fingerprint' | 'rule' | 'labels'>): boolean =>
    isJudged(found, sample, policy) && !sample.conditions.some(({ fingerprint }) => fingerprint === found.fingerprint);
}

/** An alert that closes in this sample may share its fingerprint with one that opens in it. */
function isNotClosed({ closedAt }: Alert): boolean {
  return closedAt === null;
}

function isOnlyClosedByHand({ closedAt, resolvedBy }: Alert): boolean {
  return closedAt === null && resolvedBy !== null && !resolvedBy.isConfirmed;
}

function ripen(condition: Condition, pending: readonly Pending[], at: Date): Pending {
  const before = pending.find((candidate) => candidate.fingerprint === condition.fingerprint);
  const { fingerprint, rule, labels, startedAt, title, severity, forMs, minSamples } = condition;
  // Clocks differ: a condition cannot have begun after it was seen.
  const began = startedAt === null || startedAt > at ? at : startedAt;
  return {
    ...{ fingerprint, rule, labels, since: before?.since ?? began, samples: (before?.samples ?? 0) + 1, seenAt: at },
    ripens: { title, severity, forMs, minSamples },
  };
}

function whileSettling(ripening: Pending, { until, runNumber }: SettlesAfter): Pending {
  return { ...ripening, settles: { until, runNumber } };
}

function isRipe(pending: Pending, condition: Condition, { at, times }: { at: Date; times: AlertTimes }): boolean {
  const holdsMs = at.getTime() - pending.since.getTime();
  return pending.samples >= condition.minSamples && holdsMs >= condition.forMs * times.forShare;
}
