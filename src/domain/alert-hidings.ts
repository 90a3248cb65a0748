import { type Alert, alertName, hiderOf, type Mute } from './alert.ts';
import { isLoud, isSameNode } from './alert-explained.ts';
import { isAtWork } from './alert-mute.ts';
import type { StoppedNode } from './cluster.ts';
import { type OpenWindow, windowIdOf } from './hiding-windows.ts';
import { inhibitions } from './rules/inhibitions.ts';
import { isSettling } from './settling.ts';
import { matchersInWords, type Silence, silenceName } from './silence.ts';
import { inUtc } from './utc.ts';

export const hidingKinds = ['SILENCE', 'MAINTENANCE', 'RUN', 'STOPPED_NODE', 'ALERT'] as const;
export type HidingKind = (typeof hidingKinds)[number];

/** Something that keeps alerts of a cluster from being told, and which ones it does keep now. */
export type AlertHiding = {
  readonly kind: HidingKind;
  /** `S-3`, `window "nights"`, `R-12`, `A-7`. Where nothing with a name is left of it: what the alert says of it. */
  readonly name: string;
  /** What it hides, in words. */
  readonly covers: string;
  /** Why: the reason that a person gave, or what explains the alerts. */
  readonly because: string;
  /** Who wants it so; null = nobody does, or the reader may not know. */
  readonly byName: string | null;
  readonly since: Date | null;
  /** When it ends by the clock; null = `untilWords` alone say it. */
  readonly until: Date | null;
  readonly untilWords: string;
  readonly nodeId: string | null;
  /** Of the open alerts those that it hides; none = it would hide some, and there are none now. */
  readonly alerts: readonly Alert[];
};

/** A run that takes a node away; null for what the reader may not know of it. */
export type HidingWork = {
  readonly runId: string;
  readonly runNumber: number;
  readonly nodeId: string;
  readonly nodeLabel: string;
  readonly title: string | null;
  readonly byName: string | null;
  readonly startedAt: Date | null;
};

export type HidingFacts = {
  /** Those that are not resolved. */
  readonly alerts: readonly Alert[];
  /** Those that cover the cluster and hide now. */
  readonly silences: readonly Silence[];
  /** The maintenance windows that are open for the cluster and hide alerts. */
  readonly windows: readonly OpenWindow[];
  readonly work: readonly HidingWork[];
  readonly stopped: readonly StoppedNode[];
  /** Numbers of the runs that hid an alert at the last look, by id, as far as the reader may know them. */
  readonly runNumbers: ReadonlyMap<string, number>;
};

/**
 * Pure. All that hides alerts of a cluster now, or would: silences first, then maintenance windows, runs, nodes that were stopped, and alerts that
 * explain others. What an alert is hidden by is what the last look wrote; where that has ended since, it says so.
 */
export function alertHidings(facts: HidingFacts): readonly AlertHiding[] {
  const known = [
    ...facts.silences.map((silence) => ofSilence(silence, facts)),
    ...facts.windows.map((window) => ofWindow(window, facts)),
    ...facts.work.map((work) => ofWork(work, facts)),
    ...facts.stopped.map((node) => ofStopped(node, facts)),
    ...facts.alerts.flatMap((alert) => ofAlert(alert, facts)),
  ];
  const explained = new Set(known.flatMap(({ alerts }) => alerts));
  const left = facts.alerts.filter((alert) => alert.mute.kind !== 'NONE' && !explained.has(alert));
  return [...known, ...endedSince(left, facts)];
}

function ofSilence(silence: Silence, { alerts }: HidingFacts): AlertHiding {
  const and = silence.approvedBy === null ? '' : ` and ${silence.approvedBy.name}`;
  const name = silenceName(silence);
  return {
    ...{ kind: 'SILENCE', name, covers: matchersInWords(silence.matchers), because: silence.reason },
    ...{ byName: `${silence.createdBy.name}${and}`, since: silence.approvedAt ?? silence.createdAt },
    ...{ until: silence.until, untilWords: `until ${inUtc(silence.until)}`, nodeId: null },
    alerts: alerts.filter(({ mute }) => mute.kind === 'SILENCED' && mute.by === name),
  };
}

function ofWindow(window: OpenWindow, { alerts }: HidingFacts): AlertHiding {
  const { called, upTo, reason, ownerName, opensAt, closesAt } = window;
  return {
    ...{ kind: 'MAINTENANCE', name: called, because: reason, byName: ownerName },
    covers: upTo === 'LOW' ? 'alerts that are LOW' : `alerts up to ${upTo}`,
    ...{ since: opensAt, until: closesAt, untilWords: `until ${inUtc(closesAt)}`, nodeId: null },
    alerts: alerts.filter(({ mute }) => windowIdOf(mute) === window.id),
  };
}

function ofWork(work: HidingWork, { alerts }: HidingFacts): AlertHiding {
  return {
    ...{ kind: 'RUN', name: `R-${work.runNumber}`, covers: `that ${work.nodeLabel} is away` },
    because: `${work.title ?? 'a run'} takes ${work.nodeLabel} away and brings it back`,
    ...{ byName: work.byName, since: work.startedAt, until: null },
    ...{ untilWords: `until R-${work.runNumber} has ended its work on the node`, nodeId: work.nodeId },
    alerts: alerts.filter((alert) => isOfRun(alert, work) && isAtWork(becauseOf(alert.mute))),
  };
}

function ofStopped(node: StoppedNode, { alerts }: HidingFacts): AlertHiding {
  return {
    ...{ kind: 'STOPPED_NODE', name: `R-${node.runNumber}`, covers: `that ${node.label} is away` },
    because: `${node.label} was stopped on purpose`,
    ...{ byName: node.byName, since: node.at, until: null, untilWords: 'until it is started' },
    nodeId: node.nodeId,
    alerts: alerts.filter(
      (alert) => isOfRun(alert, node) && !isAtWork(becauseOf(alert.mute)) && !isSettling(becauseOf(alert.mute)),
    ),
  };
}

const rulesThatHide: ReadonlyMap<string, { readonly because: string; readonly sameNode?: true }> = new Map(
  Object.entries(inhibitions),
);

function ofAlert(alert: Alert, { alerts }: HidingFacts): readonly AlertHiding[] {
  const inhibits = rulesThatHide.get(alert.rule);
  if (inhibits === undefined || alert.mute.kind !== 'NONE' || !isLoud(alert)) return [];
  const about = inhibits.sameNode === true ? ` about ${alert.labels.node ?? 'the node'}` : ' of the cluster';
  return [
    {
      ...{ kind: 'ALERT', name: alertName(alert), covers: `other alerts${about}`, because: inhibits.because },
      ...{ byName: null, since: alert.since, until: null, untilWords: `until ${alertName(alert)} is resolved` },
      nodeId: alert.nodeId,
      alerts: alerts.filter((each) => sourceOf(each, alerts) === alert),
    },
  ];
}

/** Which alert explains this one; null = none does, or it is not there any more. The one about the same node first. */
function sourceOf(alert: Alert, alerts: readonly Alert[]): Alert | null {
  const { mute, fingerprint } = alert;
  if (mute.kind !== 'INHIBITED') return null;
  const causes = alerts.filter(
    (each) => each.rule === mute.by && each.mute.kind === 'NONE' && each.fingerprint !== fingerprint && isLoud(each),
  );
  return causes.find((each) => isSameNode(each, alert)) ?? causes[0] ?? null;
}

const kindsOfPeople = { SILENCED: 'SILENCE', MAINTENANCE: 'MAINTENANCE' } as const;

const whileItPasses = 'until a look finds it over, or the time that it may take has passed';

/** What hid them when a look last came by, and is over: the next look shows them, or finds what hides them now. */
function endedSince(alerts: readonly Alert[], { runNumbers }: HidingFacts): readonly AlertHiding[] {
  return [...Map.groupBy(alerts, ({ mute }) => becauseOf(mute)).values()].flatMap(([first, ...others]) => {
    if (first === undefined || first.mute.kind === 'NONE') return [];
    const { kind, because } = first.mute;
    const runId = runIdOf(first);
    const number = runNumbers.get(runId ?? '');
    const name = runId === null ? hiderOf(first.mute) : number === undefined ? 'a run' : `R-${number}`;
    return [
      {
        kind: kind === 'INHIBITED' ? (runId === null ? 'ALERT' : 'RUN') : kindsOfPeople[kind],
        ...{ name, covers: 'what is listed', because, byName: null, since: null, until: null },
        ...{ untilWords: isSettling(because) ? whileItPasses : 'until the next look: it is over', nodeId: null },
        alerts: [first, ...others],
      } as const,
    ];
  });
}

function isOfRun(alert: Alert, run: { readonly runId: string; readonly nodeId: string }): boolean {
  return runIdOf(alert) === run.runId && alert.nodeId === run.nodeId;
}

/** The run that hides an alert by what is stored; null = none does. */
export function runIdOf({ mute }: Pick<Alert, 'mute'>): string | null {
  return mute.kind === 'INHIBITED' && mute.by.startsWith('run:') ? mute.by.slice('run:'.length) : null;
}

function becauseOf(mute: Mute): string {
  return mute.kind === 'NONE' ? '' : mute.because;
}
