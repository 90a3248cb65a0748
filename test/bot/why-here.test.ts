import { expect, it } from 'vitest';
import { whyHere } from '../../src/bot/views/why-here.ts';
import type { CarriedStep } from '../../src/store/escalation/escalation-rows.ts';
import { at } from './builders.ts';

function carried(change: Partial<CarriedStep> = {}): CarriedStep {
  return {
    ...{ id: 'esc_1', alertId: 'alr_1', episode: 1, severity: 'CRITICAL', step: 1, from: 1, kind: 'STEP', revision: 3 },
    ...{ at, told: [], missing: [], undeliveredAt: null, reason: null, by: null },
    ...change,
  };
}

const kim = { kind: 'PERSON', id: 'per_1', name: 'kim', role: 'PRIMARY' } as const;
const first = carried({ id: 'esc_0', step: 0, from: 0, kind: 'FIRST', told: [kim, { kind: 'WEBHOOK' }] });
const shown = (step: CarriedStep, change = {}) =>
  whyHere({ step, said: 'Nobody has taken it for 5 min', before: [first], ownChannel: null, ...change });

it('says which step brought it, after how long, who was called in vain, and where its own message is', () => {
  expect(shown(carried(), { ownChannel: 'C0123ABCD' })).toBe(
    '*Why it is here* · escalation step 2 of 3, <!date^1795176000^{date_short_pretty} {time}|2026-11-20 12:00 UTC>\n' +
      'Nobody has taken it for 5 min. Called before: kim (on call). Its own message is in <#C0123ABCD>.',
  );
});

it.each([
  ['several overdue steps as one', carried({ step: 2 }), 'escalation steps 2 to 3 at once of 3'],
  ['a repeat', carried({ step: 4, from: 4, kind: 'REPEAT' }), 'repeat 2 of 5 after the last escalation step'],
  ['the end', carried({ step: 8, from: 8, kind: 'EXHAUSTED' }), 'all 3 escalation steps and their repeats are over'],
  ['a person', carried({ by: { id: 'per_1', name: '<!here>' } }), 'escalation step 2 of 3, wanted by &lt;!here&gt;'],
  ['the step of another severity', carried({ severity: 'MEDIUM' }), 'escalation step 2 of 2'],
])('names %s', (_what, step, words) => {
  expect(shown(step)).toContain(`* · ${words}, <!date`);
});

it('says so when nobody was called before, and when nobody knows why', () => {
  expect(shown(carried(), { before: [], said: null })).toContain('Nobody had taken it. Nobody was called before.');
});
