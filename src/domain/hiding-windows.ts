import { type Mute, type Severity, severities } from './alert.ts';
import { type HideableSeverity, hideableSeverities, type MaintenanceWindow } from './calendar.ts';
import { shortestGapOf } from './cron.ts';
import { inUtc } from './utc.ts';
import { openingAt } from './window-times.ts';

/** A maintenance window that is open now and hides alerts, as the life of alerts needs it. */
export type OpenWindow = {
  readonly id: string;
  /** What people call it: `window "nights"`. */
  readonly called: string;
  readonly upTo: HideableSeverity;
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly ownerName: string;
  readonly reason: string;
  /** Its name, until when, who and why. */
  readonly because: string;
};

/** A window hides alerts for a day at most each time it opens, and is closed for two hours at least before it opens again. */
export const longestHidingMs = 24 * 3_600_000;
const shortestBreakMs = 2 * 3_600_000;

/** Pure. Of these windows, those that hide alerts at this moment. What a row says beyond a day hides nothing. */
export function hidingAt(windows: readonly MaintenanceWindow[], at: Date): readonly OpenWindow[] {
  return windows.flatMap((window): readonly OpenWindow[] => {
    const { id, name, hidesAlertsUpTo: upTo, ownerName, reason } = window;
    if (upTo === null) return [];
    const durationMinutes = Math.min(window.durationMinutes, longestHidingMs / 60_000);
    const opening = openingAt({ ...window, durationMinutes }, at);
    if (opening === null) return [];
    const called = `window "${name}"`;
    const because = `${called} until ${inUtc(opening.closesAt)}, by ${ownerName.slice(0, 60)}: ${reason.slice(0, 200)}`;
    return [{ ...opening, id, called, upTo, ownerName, reason, because }];
  });
}

/** Whether an alert is bad enough to be told all the same; what nothing hides is asked about elsewhere. */
export function windowHides(
  { upTo }: Pick<OpenWindow, 'upTo'>,
  { severity }: { readonly severity: Severity },
): boolean {
  return severity !== 'CRITICAL' && severities.indexOf(severity) >= severities.indexOf(upTo);
}

/** What an alert shows that the window hides. */
export function windowMute({ id, because }: OpenWindow): Exclude<Mute, { kind: 'NONE' }> {
  return { kind: 'MAINTENANCE', by: `window:${id}`, because };
}

/** The id of the window in what hides an alert; null = no window hides it. */
export function windowIdOf(mute: Mute): string | null {
  return mute.kind === 'MAINTENANCE' ? mute.by.slice('window:'.length) : null;
}

/** Pure. How bad alerts may be that a window hides; null also for what no window may hide. */
export function asHideable(severity: string | null): HideableSeverity | null {
  return hideableSeverities.find((known) => known === severity) ?? null;
}

/** Pure. Why a window with these times may not hide alerts, as a sentence; null = it may. Its times can be read. */
export function whyNotHide({
  cron,
  durationMinutes,
}: Pick<MaintenanceWindow, 'cron' | 'durationMinutes'>): string | null {
  const openMs = durationMinutes * 60_000;
  if (openMs > longestHidingMs) return 'A window that hides alerts is open for 24 hours at most';
  if (shortestGapOf(cron) - openMs < shortestBreakMs)
    return 'A window that hides alerts is closed for two hours at least before it opens again';
  return null;
}
