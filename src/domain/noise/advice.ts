import { durationInWords } from '../alert-facts.ts';
import { overrideInWords } from '../rules/in-words.ts';
import type { EffectiveRule } from '../rules/override.ts';
import { longestWaitMs, takesCritical } from '../rules/rule-changes.ts';
import { inUtc } from '../utc.ts';
import { count } from '../words.ts';
import { briefMs, type RuleNoise } from './noise.ts';

export const noiseAdviceKinds = [
  'GONE',
  'OFF',
  'CHANGED',
  'ONE_SUBJECT',
  'GUARDED',
  'HOLD_LONGER',
  'CLEAR_LATER',
  'NOBODY_ACTS',
] as const;
export type NoiseAdvice = { readonly kind: (typeof noiseAdviceKinds)[number]; readonly words: string };

/** A rule that fired less often tells nothing of itself. */
export const leastFirings = 3;
const minuteMs = 60_000;

/**
 * Pure. What may be done about a rule that made noise, in whole sentences; nothing of it is ever done by itself. `effective` is how the rule
 * holds for the cluster now, undefined = the cluster has no such rule; `since` = from when on was counted.
 */
export function noiseAdvice(
  noise: RuleNoise,
  { effective, since }: { readonly effective: EffectiveRule | undefined; readonly since: Date },
): readonly NoiseAdvice[] {
  if (effective === undefined)
    return [{ kind: 'GONE', words: 'The cluster has no such rule any more: it makes no new alerts.' }];
  if (effective.off !== null)
    return [
      { kind: 'OFF', words: `It is switched off for this cluster: ${overrideInWords(effective.rule, effective.off)}.` },
    ];
  const changed = changedSince(effective, since);
  if (noise.firings < leastFirings) return changed;
  const isGuarded = effective.rule.isGuarded === true;
  const about = oneSubject(noise, isGuarded);
  if (isGuarded) return [...changed, ...about, guarded];
  return [...changed, ...about, ...holdLonger(noise, effective), ...clearLater(noise, effective), ...nobodyActs(noise)];
}

const guarded: NoiseAdvice = {
  kind: 'GUARDED',
  words:
    'It tells of losing the cluster or its data: where runs need approval nobody makes it less strict, so what makes it fire has to be mended.',
};

function changedSince({ rule, changedBy }: EffectiveRule, since: Date): readonly NoiseAdvice[] {
  return changedBy
    .filter(({ at }) => at >= since)
    .map((change) => ({
      kind: 'CHANGED',
      words: `It was changed on ${inUtc(change.at)} (${overrideInWords(rule, change)}): the numbers are from before and after.`,
    }));
}

/** Two thirds of it are about one thing. */
function oneSubject({ firings, subjects, loudest }: RuleNoise, isGuarded: boolean): readonly NoiseAdvice[] {
  if (loudest === null || loudest.firings < leastFirings || loudest.firings * 3 < firings * 2) return [];
  if (subjects === 1 && loudest.nodeId === null) return [];
  const share = loudest.firings === firings ? 'All of them are' : `${loudest.firings} of ${firings} are`;
  const override =
    loudest.nodeId === null || isGuarded
      ? ''
      : ' If it is meant to be so there, override the rule for that node alone (`nodeId`).';
  return [
    {
      kind: 'ONE_SUBJECT',
      words: `${share} about the same, the newest A-${loudest.number}: ${loudest.title}. Look at that first.${override}`,
    },
  ];
}

/** Pure. The time in whole minutes with which what went on for so long after it was told would not have been told. */
export function longerTimeMs(nowMs: number, longestBriefMs: number): number {
  return (Math.floor((nowMs + longestBriefMs) / minuteMs) + 1) * minuteMs;
}

/** Half of it was over before anybody could have done anything. */
function holdLonger(
  { firings, brief, longestBriefMs }: RuleNoise,
  { rule, forMs }: EffectiveRule,
): readonly NoiseAdvice[] {
  if (longestBriefMs === null || brief < leastFirings || brief * 2 < firings) return [];
  const nowMs = forMs ?? rule.waits?.forMs ?? 0;
  const wantedMs = longerTimeMs(nowMs, longestBriefMs);
  const changes = { isOff: null, limits: null, forMs: wantedMs, severity: null };
  const isTaken = takesCritical(rule, changes)
    ? ` Where runs need approval one person alone gives a CRITICAL rule at most ${durationInWords(longestWaitMs)}, unless for one node.`
    : '';
  return [
    {
      kind: 'HOLD_LONGER',
      words: `${brief} of ${firings} were over by themselves within ${durationInWords(briefMs)}, the longest after ${durationInWords(longestBriefMs)}. With a time (\`forSeconds\`) of ${durationInWords(wantedMs)} instead of ${durationInWords(nowMs)} they would not have been told, and all others ${durationInWords(wantedMs - nowMs)} later.${isTaken}`,
    },
  ];
}

function clearLater({ flapping }: RuleNoise, { limits }: EffectiveRule): readonly NoiseAdvice[] {
  if (flapping === 0) return [];
  const said = `${count(flapping, 'alert')} came and went so often that ${flapping === 1 ? 'it' : 'they'} counted as firing all the while.`;
  const what =
    limits === null
      ? 'A longer time (`forSeconds`) makes it steadier.'
      : 'It is steadier where an alert ends farther away from the threshold (`clear`), or with a longer time (`forSeconds`).';
  return [{ kind: 'CLEAR_LATER', words: `${said} ${what}` }];
}

function nobodyActs({ ended, untaken, severity }: RuleNoise): readonly NoiseAdvice[] {
  if (ended < leastFirings || untaken < ended) return [];
  const lower = severity === 'LOW' ? '' : 'give it a lower `severity` (LOW stands in the daily message alone), or ';
  return [
    {
      kind: 'NOBODY_ACTS',
      words: `Nobody acknowledged, was given or resolved any of the ${ended} that are over. If nothing has to be done about them, ${lower}switch it off (\`disableAlertRule\`).`,
    },
  ];
}
