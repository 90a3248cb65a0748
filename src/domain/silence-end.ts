import { type Alert, severities as allSeverities } from './alert.ts';
import { isLoud } from './alert-explained.ts';
import type { MaintenanceWindow } from './calendar.ts';
import { hidingAt, windowHides } from './hiding-windows.ts';
import { standAlone } from './rules/inhibitions.ts';
import { type Silence, silenceHides, silenceName, silenceState } from './silence.ts';
import { coversCluster } from './why-not-now.ts';

/** So long before its end people are told that a silence ends, of one that lasts so long at least. */
const warnedBeforeMs = 10 * 60_000;
const shortestWarnedMs = 30 * 60_000;

/** By how much the button on that message prolongs it. */
export const extendedByMs = 3_600_000;

/**
 * `FAR`: nobody need hear of its end yet, or at all. `SOON`: it ends in some minutes. `WAITS`: another one would go on hiding the
 * same, once a second person agrees. `EXTENDED`: another one goes on hiding the same. `OVER`: it hides nothing any more.
 */
export type SilenceEndStage = 'FAR' | 'SOON' | 'WAITS' | 'EXTENDED' | 'OVER';

export type SilenceEnd = {
  readonly silence: Silence;
  readonly stage: SilenceEndStage;
  /** What goes on hiding the same, or would; null = nothing. */
  readonly extension: Silence | null;
  /** What it hides, still fires, and is hidden afterwards by no silence and no window that is known now. Worst first. */
  readonly firing: readonly Alert[];
};

/** What may hide the same alerts when the silence is over. */
export type Afterwards = {
  /** Silences that are not over, the silence itself among them or not. */
  readonly silences: readonly Silence[];
  /** Maintenance windows that hide alerts, open or not. */
  readonly windows: readonly MaintenanceWindow[];
};

/** Pure. Whether it ends so soon that people are to be told, if something that it hides still fires. */
export function endsSoon(silence: Silence, now: Date): boolean {
  const leftMs = silence.until.getTime() - now.getTime();
  const lastsMs = silence.until.getTime() - silence.createdAt.getTime();
  return silenceState(silence, now) === 'ACTIVE' && leftMs <= warnedBeforeMs && lastsMs >= shortestWarnedMs;
}

/** Pure. How a silence comes to its end, and what is told then. `alerts` = open ones, hidden or not. */
export function endOfSilence(
  silence: Silence,
  { alerts, silences, windows, now }: Afterwards & { readonly alerts: readonly Alert[]; readonly now: Date },
): SilenceEnd {
  const extension = extensionOf(silence, silences, now);
  const firing = alerts
    .filter(
      ({ mute, closedAt, ...alert }) =>
        mute.kind === 'SILENCED' && mute.by === silenceName(silence) && closedAt === null && isLoud(alert),
    )
    .filter((alert) => !isHiddenAfter(silence, alert, { silences, windows, now }))
    .toSorted((a, b) => badness(a) - badness(b) || a.number - b.number);
  return { silence, stage: stageOf(silence, extension, now), extension, firing };
}

/**
 * Pure. The silence that goes on hiding all that this one hides: of the same scope with the same matchers, not over, and with a
 * later end; of several one that needs nobody's agreement, then the one that ends last. Null = there is none.
 */
export function extensionOf(silence: Silence, silences: readonly Silence[], now: Date): Silence | null {
  const alike = silences.filter(
    (other) =>
      other.until > silence.until &&
      silenceState(other, now) !== 'ENDED' &&
      samePlace(other, silence) &&
      sameMatchers(other, silence),
  );
  const isActive = (other: Silence) => (silenceState(other, now) === 'ACTIVE' ? 0 : 1);
  const [best = null] = alike.toSorted((a, b) => isActive(a) - isActive(b) || b.until.getTime() - a.until.getTime());
  return best;
}

function stageOf(silence: Silence, extension: Silence | null, now: Date): SilenceEndStage {
  if (silenceState(silence, now) === 'ENDED') return 'OVER';
  if (extension !== null) return silenceState(extension, now) === 'ACTIVE' ? 'EXTENDED' : 'WAITS';
  return endsSoon(silence, now) ? 'SOON' : 'FAR';
}

function isHiddenAfter(
  { until }: Silence,
  alert: Alert,
  { silences, windows, now }: Afterwards & { readonly now: Date },
): boolean {
  const covers = ({ scope }: { readonly scope: Silence['scope'] }) => coversCluster(scope, alert);
  if (
    silences.some(
      (other) =>
        other.until > until && silenceState(other, now) === 'ACTIVE' && covers(other) && silenceHides(other, alert),
    )
  )
    return true;
  if (standAlone.includes(alert.rule)) return false;
  return hidingAt(windows.filter(covers), until).some((window) => windowHides(window, alert));
}

function samePlace({ scope: a }: Silence, { scope: b }: Silence): boolean {
  switch (a.kind) {
    case 'all':
      return b.kind === 'all';
    case 'environment':
      return b.kind === 'environment' && a.environment === b.environment;
    case 'cluster':
      return b.kind === 'cluster' && a.clusterId === b.clusterId;
    default:
      return a satisfies never;
  }
}

function sameMatchers({ matchers: a }: Silence, { matchers: b }: Silence): boolean {
  return textOf(a) === textOf(b);
}

function textOf({ rule, severities, labels }: Silence['matchers']): string {
  return JSON.stringify([
    rule,
    severities?.toSorted() ?? null,
    Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

function badness({ severity }: Alert): number {
  return allSeverities.indexOf(severity);
}
