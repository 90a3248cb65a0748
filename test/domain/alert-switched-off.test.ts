import { describe, expect, it } from 'vitest';
import { alert, apply, condition, minutes, sample } from './alert-builders.ts';

describe('a rule that somebody switched off', () => {
  const off = { rule: 'lamp_out', because: (nodeId: string | null) => (nodeId === 'nod_1' ? 'kim said so' : null) };

  it.each([
    ['of which nothing is seen', {}, {}],
    ['that could not be judged', {}, { unjudged: ['lamp_out'] }],
    ['that is stale', { signal: 'STALE' }, { unjudged: ['lamp_out'] }],
    ['that flaps', { flapping: { since: minutes(1), quietSince: null, judgedAt: minutes(4) } }, {}],
  ] as const)('ends its alert %s, and says who did it', (_, changes, found) => {
    const { changed } = apply([alert(changes)], sample(minutes(5), { ...found, switchedOff: [off] }));
    expect(changed).toMatchObject([
      {
        alert: { signal: 'RESOLVED', resolvedAt: minutes(5), flapping: null, switchedOff: 'kim said so' },
        events: [{ type: 'RESOLVED', message: 'Ended after 5 min: kim said so' }],
      },
    ]);
    expect(changed[0]?.alert.text).toMatch(/^Kim said so, seen at 2026-03-01 12:05:00 UTC\. /);
  });

  it('opens it again when the rule is on again and finds it, and does not say that it had been away', () => {
    const ended = alert({ signal: 'RESOLVED', resolvedAt: minutes(4), switchedOff: 'kim said so' });
    const [found] = apply([ended], sample(minutes(5), { conditions: [condition()] })).changed;
    expect(found?.events).toMatchObject([{ type: 'REOPENED', message: 'It fires; nobody looked for 60 s' }]);
    expect(found?.alert).not.toHaveProperty('switchedOff');
  });

  it('leaves alerts about other nodes, of other rules, and those that are over', () => {
    const other = { conditions: [condition({ nodeId: 'nod_2' })], switchedOff: [off] };
    expect(apply([alert({ nodeId: 'nod_2' })], sample(minutes(5), other)).changed).toEqual([]);
    const resolved = alert({ signal: 'RESOLVED', resolvedAt: minutes(4) });
    expect(apply([resolved], sample(minutes(5), { switchedOff: [off] })).changed).toEqual([]);
  });
});
