import type { KnownBlock } from '@slack/web-api';
import { altText, figuresInWords, gapsInWords, restInWords } from '../../domain/charts/alt-text.ts';
import type { Chart } from '../../domain/charts/chart.ts';
import { figuresOf } from '../../domain/charts/line-figures.ts';
import { quantity } from '../../domain/charts/quantity.ts';
import { code, context, fitLines, type Message, mention, plain, safe, section } from './text.ts';

/** The figures of a chart, line by line: what the picture shows, for who does not see it. */
export function figureLines(chart: Chart): readonly string[] {
  const limit = chart.threshold === null ? [] : [`The limit is ${quantity(chart.threshold.value, chart.unit)}.`];
  const lines = chart.lines.map((line) => {
    const figures = figuresOf(line);
    return `• ${safe(line.label, 80)}: ${figures === null ? 'no value' : safe(figuresInWords(chart, figures), 300)}`;
  });
  const others = [...restInWords(chart), ...gapsInWords(chart)].map((words) => `• ${safe(words, 400)}`);
  return [...lines, ...others, ...limit];
}

export type GraphAnswer = {
  readonly chart: Chart;
  /** Where the picture is, or why there is none; valid mrkdwn. */
  readonly where: string;
};

/** The answer to the person who asked: the numbers as text, and where the picture is. */
export function graphAnswer({ chart, where }: GraphAnswer): Message {
  // Of several lines the description says what the list says.
  const said = chart.lines.length === 1 && chart.rest === null ? [section(safe(altText(chart), 2_400))] : [];
  return {
    text: `${safe(altText(chart), 1_200)} ${where}`,
    blocks: [section(headOf(chart)), ...said, section(fitLines(figureLines(chart), 2_900)), context(where)],
  };
}

export type GraphPost = {
  readonly chart: Chart;
  /** Id of the uploaded picture. */
  readonly file: string;
  /** Who shared it; null = it is for themselves. */
  readonly sharedBy: string | null;
};

/** The message with the picture. */
export function graphPost({ chart, file, sharedBy }: GraphPost): Message {
  const who = sharedBy === null ? [] : [context(`Shared by ${mention(sharedBy)} with ${code('/sr graph')}`)];
  return {
    text: safe(altText(chart), 2_000),
    blocks: [
      section(headOf(chart)),
      pictureBlock(altText(chart), file),
      section(fitLines(figureLines(chart), 2_900)),
      ...who,
    ],
  };
}

/** Words, which are valid mrkdwn, and an uploaded picture with its description. */
export function pictureOf({
  words,
  file,
  altText,
}: {
  readonly words: string;
  readonly file: string;
  readonly altText: string;
}): Message {
  return { text: safe(altText, 2_000), blocks: [section(words), pictureBlock(altText, file)] };
}

function pictureBlock(altText: string, file: string): KnownBlock {
  return { type: 'image', slack_file: { id: file }, alt_text: plain(altText, 2_000) };
}

function headOf({ title, place }: Chart): string {
  return `*${safe(title, 100)}* · ${code(place, 60)}`;
}
