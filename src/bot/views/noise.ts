import { durationInWords } from '../../domain/alert-facts.ts';
import type { NoiseAdvice } from '../../domain/noise/advice.ts';
import { briefMs, mostCounted, type RuleNoise } from '../../domain/noise/noise.ts';
import { code, context, count, fitLines, header, type Message, packed, safe, section } from './text.ts';

/** Slack takes some 9,000 characters in all blocks together, and 3,000 in one. */
const sectionLength = 2_800;
const linesLength = 6_000;
const dayMs = 86_400_000;

export type AdvisedNoise = RuleNoise & { readonly advice: readonly NoiseAdvice[] };

export type NoiseData = {
  readonly clusterName: string;
  readonly lastsMs: number;
  readonly isCut: boolean;
  /** The loudest first. */
  readonly rules: readonly AdvisedNoise[];
};

/** Which rules made most noise, and what may be done about each. */
export function noiseView({ clusterName, lastsMs, isCut, rules }: NoiseData): Message {
  const time = lastsMs % dayMs === 0 ? count(lastsMs / dayMs, 'day') : durationInWords(lastsMs);
  const loud = rules.filter(({ firings, alerts }) => firings + alerts > 0);
  const hidden = sum(rules, (each) => each.hidden);
  const never =
    hidden === 0 ? '' : ` Besides, ${count(hidden, 'alert was', 'alerts were')} hidden all the while: nobody was told.`;
  const cut = isCut ? ` Only the newest ${mostCounted} alerts are counted.` : '';
  if (loud.length === 0) {
    const none = `No alert rule told anybody of ${clusterName} in the last ${time}.${never}${cut}`;
    return { text: safe(none, 300), blocks: [section(safe(none, 400))] };
  }
  const firings = sum(loud, (each) => each.firings);
  const told = `${clusterName}, last ${time}: alerts fired ${count(firings, 'time')}, of ${count(loud.length, 'rule')}.`;
  const [loudest] = loud;
  const most = loudest === undefined ? '' : ` Most of all ${loudest.rule}: ${count(loudest.firings, 'time')}.`;
  const lines = loud.map((each, index) => ruleLines(each, index + 1));
  // Slack takes some 9,000 characters in all blocks together: who fired less is named alone.
  const [shown = []] = packed(lines, linesLength, '\n');
  const quieter = loud.slice(shown.length).map(({ rule }) => code(rule, 70));
  const more =
    quieter.length === 0
      ? []
      : [
          `… and ${count(quieter.length, 'rule')} that fired less: ${fitLines(quieter.slice(0, 30), 1_500).replaceAll('\n', ', ')}`,
        ];
  return {
    text: safe(`${told}${most}`, 300),
    blocks: [
      header(`Noise of ${clusterName}`),
      section(safe(`${told}${never}${cut}`, 600)),
      ...packed([...shown, ...more], sectionLength, '\n').map((own) => section(own.join('\n'))),
      context(
        `Nothing is changed by itself. ${code(`/sr rule … ${clusterName}`, 100)} shows a rule; ${code('testAlertRule')} tries a change on the past, ${code('overrideAlertRule')} makes it.`,
      ),
    ],
  };
}

function ruleLines({ rule, severity, advice, ...numbers }: AdvisedNoise, place: number): string {
  const words = advice.map(({ words: said }) => `\n      → ${safe(said, 420)}`);
  return `*${place}.* ${code(rule, 70)} ${severity} · ${numbersInWords(numbers)}${words.join('')}`;
}

function numbersInWords(noise: Omit<RuleNoise, 'rule' | 'severity'>): string {
  const { firings, alerts, subjects, brief, flapping, ended, untaken, hidden } = noise;
  return [
    `fired *${count(firings, 'time')}*: ${count(alerts, 'alert')} about ${count(subjects, 'thing')}`,
    ...(brief === 0 ? [] : [`${brief} over by themselves within ${durationInWords(briefMs)}`]),
    ...(flapping === 0 ? [] : [`${flapping} came and went`]),
    ...(ended === 0
      ? []
      : [
          untaken === 0
            ? `somebody took each of the ${ended} that are over`
            : `nobody took ${untaken} of the ${ended} that are over`,
        ]),
    ...(hidden === 0 ? [] : [`${hidden} more hidden`]),
  ].join(' · ');
}

function sum<T>(all: readonly T[], of: (each: T) => number): number {
  return all.reduce((total, each) => total + of(each), 0);
}
