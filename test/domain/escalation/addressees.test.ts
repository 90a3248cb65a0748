import { describe, expect, it } from 'vitest';
import type { AlertRoute } from '../../../src/domain/alert-route.ts';
import { addresseesFrom, inWordsOf } from '../../../src/domain/escalation/addressees.ts';
import { escalationPolicies } from '../../../src/domain/escalation/policy.ts';
import { minutes } from '../alert-builders.ts';

describe('whom a step tells', () => {
  const route: AlertRoute = {
    ...{ id: 'rte_1', scope: { kind: 'all' }, leastSeverity: 'LOW', channel: 'C1', secondChannel: 'C2' },
    ...{ fallbackChannel: null, rotation: 'dba', userGroup: 'S1', managerGroup: 'S2', workingHours: null },
    webhook: { url: 'https://x.example', secret: 'env:X' },
  };
  const [kim, lee] = [
    { id: 'per_kim', name: 'kim' },
    { id: 'per_lee', name: 'lee' },
  ] as const;
  const onCall = { kind: 'SOMEBODY', primary: kim, secondary: lee, override: null, until: minutes(60) } as const;
  const call = { route, onCall, isReachable: () => true };
  const policy = escalationPolicies.CRITICAL;
  if (policy === null) throw new Error('CRITICAL has no policy');
  const tell = (range: { from: number; to: number; isUntold?: boolean }, facts = call as typeof call | object) => {
    const { told, missing, to } = addresseesFrom(policy, { isUntold: false, ...range }, { ...call, ...facts });
    return [to, inWordsOf(told), missing.join('; ')];
  };

  it('is in each step who the table says', () => {
    expect(tell({ from: 0, to: 0 })).toEqual([0, 'kim (on call)', '']);
    expect(tell({ from: 1, to: 1 })).toEqual([1, 'the user group, the second channel', '']);
    expect(tell({ from: 2, to: 2 })).toEqual([2, 'lee (second on call), the managers, the webhook', '']);
  });
  it('is everybody of the steps that are taken as one, and of a repeat', () => {
    const all = 'kim (on call), the user group, the second channel, lee (second on call), the managers, the webhook';
    expect(tell({ from: 0, to: 2 })[1]).toBe(all);
    expect(tell({ from: 5, to: 5 })[1]).toBe(all);
  });
  it('is another channel and the webhook besides when Slack never confirmed it', () => {
    expect(tell({ from: 1, to: 1, isUntold: true })[1]).toBe('the user group, the second channel, the webhook');
  });
  it('is the next step at once where nobody is found, and says why', () => {
    const nobody = { onCall: { kind: 'NOBODY', why: 'NOT_BEGUN', until: null } as const };
    expect(tell({ from: 0, to: 0 }, nobody)).toEqual([
      1,
      'the user group, the second channel',
      'nobody is on call in dba: its first shift has not begun',
    ]);
    expect(tell({ from: 0, to: 0 }, { isReachable: () => false })).toMatchObject({ 0: 1 });
    const bare = { ...route, rotation: null, userGroup: null, secondChannel: null, managerGroup: null, webhook: null };
    expect(tell({ from: 0, to: 0 }, { route: bare, onCall: null })).toEqual([
      2,
      '',
      'the route names no rotation; the route names no user group; the route names no second channel; nobody is second on call',
    ]);
  });
  it('is a direct message where there is no second channel', () => {
    expect(tell({ from: 1, to: 1 }, { route: { ...route, secondChannel: null } })[1]).toBe(
      'the user group, a direct message',
    );
  });
});
