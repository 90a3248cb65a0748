import type { AlertEvent } from '../alert.ts';

/**
 * Whether an alert ever went on and was not hidden, by all its events, oldest first: then people would have been told of it. What one
 * change wrote counts together: an alert that is opened hidden was never shown.
 */
export function wasShown(events: readonly Pick<AlertEvent, 'type' | 'revision'>[]): boolean {
  let isHidden = false;
  let isOver = false;
  for (const change of Map.groupBy(events, ({ revision }) => revision).values()) {
    for (const { type } of change) {
      if (type === 'MUTED' || type === 'UNMUTED') isHidden = type === 'MUTED';
      if (type === 'RESOLVED' || type === 'RESOLVED_BY_HAND') isOver = true;
      if (type === 'OPENED' || type === 'REOPENED') isOver = false;
    }
    if (!isHidden && !isOver) return true;
  }
  return false;
}
