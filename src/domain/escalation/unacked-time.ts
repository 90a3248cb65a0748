import type { Alert, AlertEvent, AlertEventType } from '../alert.ts';

/** A stretch of time in which nobody had the alert and nothing hid it; null = it goes on. */
export type Span = { readonly from: Date; readonly to: Date | null };

/**
 * For how long nobody has had an alert, from its own history: nothing has to be stored beside it, and a process that dies
 * loses none of it.
 */
export type UnackedTime = {
  /** The event with which the clock last began anew; steps of an earlier one do not count any more. */
  readonly episode: number;
  readonly restartedAt: Date;
  readonly spans: readonly Span[];
  /** When the severity last fell, within this episode: what would have been due by then counts as done. */
  readonly fellAt: Date | null;
};

/** Hidden for shorter than this, the clock only stood still; after that, the alert fires as if for the first time. */
export const briefMs = 900_000;

type Moved = Pick<AlertEvent, 'id' | 'type' | 'at'>;

/** The events that move the clock. */
export const clockEvents = [
  ...(['OPENED', 'REOPENED', 'FLAPPING', 'STILL_FIRING', 'RESOLVED', 'RESOLVED_BY_HAND', 'CLOSED'] as const),
  ...(['ACKED', 'UNACKED', 'ACK_EXPIRED', 'SEVERITY_ROSE', 'SEVERITY_FELL', 'MUTED', 'UNMUTED'] as const),
] satisfies readonly AlertEventType[];

type State = {
  episode: number;
  restartedAt: Date;
  spans: { from: Date; to: Date | null }[];
  fellAt: Date | null;
  isOpen: boolean;
  isAcked: boolean;
  isFlapping: boolean;
  hiddenAt: Date | null;
};

/**
 * Reads an alert's history, oldest event first. The clock runs while it is open (no data is no end), nobody has it, and nothing
 * hides it; one that flaps escalates only when it is CRITICAL. Null = there is no event from which it could be told.
 */
export function unackedTime(alert: Pick<Alert, 'severity' | 'handling'>, events: readonly Moved[]): UnackedTime | null {
  const known = events.filter(({ type }) => clockEvents.some((each) => each === type));
  const [first] = known;
  if (first === undefined) return null;
  const dropped = droppedAt(alert, known);
  const state: State = {
    ...{ episode: first.id, restartedAt: first.at, spans: [], fellAt: null },
    ...{ isOpen: false, isAcked: false, isFlapping: false, hiddenAt: null },
  };
  for (const event of known) {
    const isAnew = apply(state, event, event.id === dropped);
    const runs = state.isOpen && !state.isAcked && state.hiddenAt === null && mayEscalate(state, alert);
    const last = state.spans.at(-1);
    if (last !== undefined && last.to === null && (isAnew || !runs)) last.to = event.at;
    if (isAnew) Object.assign(state, { episode: event.id, restartedAt: event.at, spans: [], fellAt: null });
    const isRunning = state.spans.at(-1)?.to === null;
    if (runs && !isRunning) state.spans.push({ from: event.at, to: null });
  }
  const { episode, restartedAt, spans, fellAt } = state;
  return { episode, restartedAt, spans, fellAt };
}

function mayEscalate({ isFlapping }: State, { severity }: Pick<Alert, 'severity'>): boolean {
  return !isFlapping || severity === 'CRITICAL';
}

/** Changes the state by one event; true = the clock begins anew with it. */
function apply(state: State, { type, at }: Moved, dropsAck: boolean): boolean {
  const wasAcked = state.isAcked;
  if (dropsAck) state.isAcked = false;
  switch (type) {
    case 'OPENED':
      state.isOpen = true;
      return true;
    case 'FLAPPING':
      state.isFlapping = true;
      state.isOpen = true;
      return dropsAck;
    case 'REOPENED':
      state.isOpen = true;
      return dropsAck;
    case 'STILL_FIRING':
      state.isOpen = true;
      state.isAcked = false;
      return wasAcked;
    case 'RESOLVED':
    case 'RESOLVED_BY_HAND':
    case 'CLOSED':
      Object.assign(state, { isOpen: false, isFlapping: false, hiddenAt: null });
      return false;
    case 'ACKED':
      state.isAcked = true;
      return false;
    case 'UNACKED':
    case 'ACK_EXPIRED':
    case 'SEVERITY_ROSE':
      state.isAcked = false;
      return true;
    case 'SEVERITY_FELL':
      state.fellAt = at;
      return false;
    case 'MUTED':
      state.hiddenAt ??= at;
      return false;
    case 'UNMUTED': {
      const hiddenMs = state.hiddenAt === null ? 0 : at.getTime() - state.hiddenAt.getTime();
      Object.assign(state, { hiddenAt: null, isAcked: false });
      return wasAcked || hiddenMs >= briefMs;
    }
    default:
      return false;
  }
}

/**
 * An acknowledgement that ran out while the alert was resolved is dropped without an event of its own when it fires again. That
 * nobody has the alert now tells it: the event is the one with which it fired again.
 */
function droppedAt({ handling }: Pick<Alert, 'handling'>, events: readonly Moved[]): number | null {
  if (handling.kind === 'ACKED') return null;
  const last = events.findLastIndex(({ type }) => type === 'ACKED');
  if (last < 0) return null;
  const after = events.slice(last + 1);
  const ending: readonly AlertEventType[] = ['UNACKED', 'ACK_EXPIRED', 'SEVERITY_ROSE', 'STILL_FIRING', 'UNMUTED'];
  const ended = after.findIndex(({ type }) => ending.includes(type));
  const again = after.findIndex(({ type }) => type === 'REOPENED' || type === 'FLAPPING');
  return again < 0 || (ended >= 0 && ended < again) ? null : (after[again]?.id ?? null);
}

/** How much of it had passed at a moment, in milliseconds. */
export function usedAt({ spans }: Pick<UnackedTime, 'spans'>, at: Date): number {
  return spans.reduce((sum, { from, to }) => {
    const end = to === null || to > at ? at : to;
    return sum + Math.max(0, end.getTime() - from.getTime());
  }, 0);
}

/** When so much of it will have passed, or had; null = it stands still before that. */
export function momentOfUse({ spans }: Pick<UnackedTime, 'spans'>, usedMs: number): Date | null {
  let before = 0;
  for (const { from, to } of spans) {
    const length = to === null ? Number.POSITIVE_INFINITY : to.getTime() - from.getTime();
    if (before + length >= usedMs) return new Date(from.getTime() + usedMs - before);
    before += length;
  }
  return null;
}

/** Whether it runs now. */
export function isRunning({ spans }: Pick<UnackedTime, 'spans'>): boolean {
  return spans.at(-1)?.to === null;
}
