import { expect, it } from 'vitest';
import { explanationView } from '../../src/bot/views/why.ts';
import { explain, finding } from '../../src/domain/why/finding.ts';

const about = 'A-7 on prod-eu';

it('names a channel as Slack shows it, also in the line of a notification', () => {
  const decision = finding('DELIVERY', 'Slack confirmed its message in C0123456789 at 03:12');
  const { text } = explanationView(explain(true, { decision, others: [] }), { about });
  expect(text).toBe(`${about}: People ARE told. Message: Slack confirmed its message in <#C0123456789> at 03:12.`);
});

it('makes no link of what only looks like a channel, where none is spoken of', () => {
  const decision = finding('OVERRIDE', 'switched off by CAPACITYTEAM');
  expect(explanationView(explain(false, { decision, others: [] }), { about }).text).not.toContain('<#');
});
