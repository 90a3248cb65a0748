import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import { alertDeliveryStates, type DeliveryRecord, deliveryNow } from '../../../src/domain/delivery/alert-delivery.ts';

const at = new Date('2026-05-01T10:00:00Z');
const earlier = new Date('2026-05-01T09:00:00Z');
type Given = Pick<Alert, 'signal' | 'mute' | 'changedAt'>;
const firing: Given = { signal: 'FIRING', mute: { kind: 'NONE' }, changedAt: at };
const over: Given = { ...firing, signal: 'RESOLVED' };
const hidden: Given = { ...firing, mute: { kind: 'SILENCED', by: 'S-1', because: 'work' } };
const noted: DeliveryRecord = {
  ...{ alertId: 'alr_1', channel: 'C1', waitsSince: null, decidedAt: earlier, toldAt: null, card: null },
};
const on = (state: string, error: string | null = null) => ({
  ...noted,
  card: { kind: 'GROUP', channel: 'C2', state, error },
});
const daily = { ...noted, card: { kind: 'DIGEST', channel: 'C3', state: 'SENT', error: null } };

describe('how far people are told of an alert', () => {
  it.each([
    ['that nobody noted', firing, null, { state: 'NOWHERE', waitingSince: at, channel: null }],
    ['that ended before it was noted', over, null, { state: 'NOT_NEEDED', waitingSince: null }],
    [
      'that waits',
      firing,
      { ...noted, waitsSince: earlier },
      { state: 'WAITING', waitingSince: earlier, channel: 'C1' },
    ],
    [
      'that waits and was hidden',
      hidden,
      { ...noted, waitsSince: earlier },
      { state: 'NOT_NEEDED', waitingSince: null },
    ],
    ['whose message is to be sent', firing, on('QUEUED'), { state: 'SENDING', waitingSince: earlier, channel: 'C2' }],
    ['whose message of several is to be edited', firing, on('SENT'), { state: 'SENDING', waitingSince: earlier }],
    ['whose message got no answer', firing, on('UNKNOWN', 'timeout'), { state: 'UNCONFIRMED', error: 'timeout' }],
    ['whose message is refused', firing, on('FAILED', 'is_archived'), { state: 'REFUSED', error: 'is_archived' }],
    ['that was told elsewhere than planned', firing, { ...on('SENT'), toldAt: at }, { state: 'TOLD', channel: 'C2' }],
    ['that stands in a daily message', firing, daily, { state: 'DAILY', waitingSince: null, channel: 'C3' }],
    ['that was told and ended', over, { ...on('SENT'), toldAt: at }, { state: 'TOLD', waitingSince: null, toldAt: at }],
    [
      'that is to be told again',
      firing,
      { ...on('SENT'), toldAt: at, waitsSince: earlier },
      { state: 'WAITING', toldAt: at },
    ],
  ])('of one %s', (_, alert, record, expected) => {
    expect(deliveryNow(alert, record)).toMatchObject(expected);
  });

  it('is one state for whatever is recorded, and waits since a time exactly where people are still to be told', () => {
    const time = fc.option(fc.constantFrom(at, earlier));
    const card = fc.record({
      kind: fc.constantFrom('ALERT', 'GROUP', 'DIGEST'),
      channel: fc.constant('C2'),
      state: fc.constantFrom('QUEUED', 'SENDING', 'SENT', 'UNKNOWN', 'FAILED', 'damaged'),
      error: fc.option(fc.constant('is_archived')),
    });
    const records = fc.record({
      ...{ alertId: fc.constant('alr_1'), channel: fc.constant('C1'), waitsSince: time, toldAt: time },
      // A message was decided on at some time.
      message: fc.option(card),
    });
    fc.assert(
      fc.property(fc.constantFrom(firing, over, hidden), fc.option(records), (alert, given) => {
        const record =
          given === null ? null : { ...given, card: given.message, decidedAt: given.message === null ? null : earlier };
        const { state, waitingSince } = deliveryNow(alert, record);
        expect(alertDeliveryStates).toContain(state);
        expect(waitingSince === null).toBe(state === 'TOLD' || state === 'NOT_NEEDED' || state === 'DAILY');
      }),
    );
  });
});
