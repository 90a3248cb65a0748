import { describe, expect, it } from 'vitest';
import { type Alert, alertFingerprint, alertWord, defaultAckMs, titleToShow } from '../../src/domain/alert.ts';
import { durationInWords, endAlert } from '../../src/domain/alert-life.ts';
import { acked, alert, byRun, identity, minutes } from './alert-builders.ts';

describe('words and identities', () => {
  it('end an alert whose cluster is gone as resolved and closed', () => {
    const { alert: ended, events } = endAlert(alert({ mute: byRun }), minutes(3), 'gone');
    expect(ended).toMatchObject({
      signal: 'RESOLVED',
      mute: { kind: 'NONE' },
      resolvedAt: minutes(3),
      closedAt: minutes(3),
    });
    expect(events).toEqual([{ type: 'CLOSED', message: 'Closed: gone' }]);
  });

  it.each([
    [{ signal: 'RESOLVED', handling: acked(60) }, 'RESOLVED'],
    [{ mute: byRun, handling: acked(60) }, 'INHIBITED'],
    [{ signal: 'STALE', handling: acked(60) }, 'STALE'],
    [{ handling: acked(60) }, 'ACKED'],
    [{}, 'FIRING'],
  ] satisfies [Partial<Alert>, string][])('show %j as %s', (changes, word) => {
    expect(alertWord(alert(changes))).toBe(word);
  });

  it('make the same alert of the same labels in any order, and another of another cluster, rule or label', () => {
    const of = (changes: Partial<Parameters<typeof alertFingerprint>[0]>) =>
      alertFingerprint({ ...identity, ...changes });
    expect(of({ labels: { a: '1', b: '2' } })).toBe(of({ labels: { b: '2', a: '1' } }));
    const all = [of({}), of({ clusterId: 'clu_2' }), of({ rule: 'all_dark' }), of({ labels: { node: 'x' } })];
    expect(new Set(all).size).toBe(4);
  });

  it.each([
    [0, '0 s'],
    [89_000, '89 s'],
    [240_000, '4 min'],
    [7_500_000, '2 h 5 min'],
    [7_200_000, '2 h'],
  ])('call %d ms %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });

  it('let an acknowledgement last by severity', () => {
    expect([defaultAckMs('CRITICAL'), defaultAckMs('HIGH'), defaultAckMs('LOW')]).toEqual([
      3_600_000, 14_400_000, 86_400_000,
    ]);
  });
});

describe('the title to show', () => {
  it.each([
    ['be 10.0.0.11:9050 is down', 'be 10.0.0.11:9050 was down', 'be 10.0.0.11:9050 was down'],
    ['Something of another version', null, 'Over: Something of another version'],
  ])('of "%s" says once it is resolved: %s', (title, pastTitle, past) => {
    expect(titleToShow(alert({ title, pastTitle, signal: 'RESOLVED' }))).toBe(past);
    for (const signal of ['FIRING', 'STALE'] as const)
      expect(titleToShow(alert({ title, pastTitle, signal }))).toBe(title);
  });
});
