import { expect, it } from 'vitest';
import { type AdvisedNoise, noiseView } from '../../src/bot/views/noise.ts';
import { textLength } from '../../src/bot/views/text.ts';

const dayMs = 86_400_000;

function noise(of: Partial<AdvisedNoise>): AdvisedNoise {
  return {
    ...{ rule: 'disk_filling', severity: 'HIGH', alerts: 3, firings: 4, brief: 0, longestBriefMs: null, flapping: 0 },
    ...{ ended: 0, untaken: 0, hidden: 0, subjects: 1, loudest: null, advice: [] },
    ...of,
  };
}

const shown = (rules: readonly AdvisedNoise[], lastsMs = 7 * dayMs) =>
  noiseView({ clusterName: 'prod-eu', lastsMs, isCut: false, rules });
const all = (message: ReturnType<typeof shown>) => JSON.stringify(message.blocks);

it('says of each rule its numbers and what may be done', () => {
  const message = shown([
    noise({
      ...{ firings: 24, alerts: 12, subjects: 3, brief: 18, ended: 12, untaken: 11, flapping: 2, hidden: 3 },
      advice: [{ kind: 'HOLD_LONGER', words: 'Give it <13> min.' }],
    }),
  ]);
  expect(message.text).toBe(
    'prod-eu, last 7 days: alerts fired 24 times, of 1 rule. Most of all disk_filling: 24 times.',
  );
  expect(all(message)).toContain(
    '*1.* `disk_filling` HIGH · fired *24 times*: 12 alerts about 3 things · 18 over by themselves within 10 min · 2 came and went · nobody took 11 of the 12 that are over · 3 more hidden\\n      → Give it &lt;13&gt; min.',
  );
});

it('says that nobody was told of anything, and what was only hidden', () => {
  expect(shown([], 12 * 3_600_000).text).toBe('No alert rule told anybody of prod-eu in the last 12 h.');
  expect(shown([noise({ alerts: 0, firings: 0, hidden: 2 })]).text).toBe(
    'No alert rule told anybody of prod-eu in the last 7 days. Besides, 2 alerts were hidden all the while: nobody was told.',
  );
});

it('fits into what Slack takes, with the name of every rule that fired less', () => {
  const advice = Array.from({ length: 4 }, () => ({ kind: 'ONE_SUBJECT' as const, words: 'x '.repeat(300) }));
  const rules = Array.from({ length: 40 }, (_, index) => noise({ rule: `own_rule_number_${index}`, advice }));
  const { blocks } = shown(rules);
  expect(textLength(blocks)).toBeLessThan(9_000);
  for (const block of blocks ?? []) expect(textLength(block)).toBeLessThanOrEqual(3_000);
  expect(JSON.stringify(blocks)).toMatch(/… and 3\d rules that fired less: .*own_rule_number_30/);
});
