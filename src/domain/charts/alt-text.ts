import type { Chart, ChartLine } from './chart.ts';
import { clockOf, dayOf, isOneDay, spanInWords, stepInWords } from './chart-times.ts';
import { commonGaps, type Gap } from './gaps.ts';
import { figuresOf, type LineFigures } from './line-figures.ts';
import { quantity } from './quantity.ts';

/** Slack takes so many characters as the description of a picture. */
const mostCharacters = 2_000;
const mostGaps = 5;
/** A change of less than this share of the larger value is none that people see. */
const sameShare = 0.05;

/**
 * What the picture of a chart shows, with its figures, for people who do not see it; at most 2,000 characters, cut between
 * sentences. Everything is taken from the points that are drawn.
 */
export function altText(chart: Chart): string {
  const figures = chart.lines.map((line) => ({ line, figures: figuresOf(line) }));
  const measured = figures.flatMap(({ line, figures }) => (figures === null ? [] : [{ line, figures }]));
  const [only, second] = measured;
  if (only === undefined)
    return `No value of ${topicOf(chart)} was measured from ${spanInWords(chart.from, chart.to)}.`;
  const isAlone = second === undefined && chart.rest === null && figures.length === 1;
  const sentences = isAlone ? aloneInWords(chart, only) : manyInWords(chart, measured, figures.length);
  return fitted([...sentences, ...gapsInWords(chart)]);
}

/** The figures of one line: `12.4 s at the end, highest 13 s at 12:15, lowest 0.8 s at 12:00`. */
export function figuresInWords(chart: Chart, { first, last, highest, lowest }: LineFigures): string {
  const say = (value: number) => quantity(value, chart.unit);
  if (say(highest.value) === say(lowest.value)) return `${say(last.value)} all the time`;
  const crossing = isBad(chart, chart.threshold?.bad === 'UNDER' ? lowest.value : highest.value);
  const limit = crossing ? `, ${chart.threshold?.bad === 'UNDER' ? 'below' : 'above'} the limit` : '';
  const range = `highest ${say(highest.value)} at ${momentOf(chart, highest.at)}, lowest ${say(lowest.value)} at ${momentOf(chart, lowest.at)}`;
  return `from ${say(first.value)} to ${say(last.value)}, ${range}${limit}`;
}

type Measured = { readonly line: ChartLine; readonly figures: LineFigures };

function aloneInWords(chart: Chart, { line, figures }: Measured): string[] {
  const { first, last, highest, lowest } = figures;
  const say = (value: number) => quantity(value, chart.unit);
  const limit = limitInWords(chart);
  const when = between(chart, first.at, last.at);
  const what = `${chart.title} of ${line.label === chart.place ? chart.place : `${line.label}, ${chart.place},`}`;
  const change =
    trendOf(first.value, last.value) === 'stayed' || say(first.value) === say(last.value)
      ? `was ${say(last.value)} at the end as at the beginning (${when})`
      : `${trendOf(first.value, last.value)} from ${say(first.value)} to ${say(last.value)} ${when}`;
  const bounds = [
    ...(isBeyond(highest.value, first.value, last.value)
      ? [`The highest was ${say(highest.value)} at ${momentOf(chart, highest.at)}.`]
      : []),
    ...(isBeyond(lowest.value, first.value, last.value)
      ? [`The lowest was ${say(lowest.value)} at ${momentOf(chart, lowest.at)}.`]
      : []),
  ];
  return [`${what} ${change}${limit === null ? '' : `; ${limit}`}.`, ...bounds, ...howShown(chart)];
}

function manyInWords(chart: Chart, measured: readonly Measured[], drawn: number): string[] {
  const limit = limitInWords(chart);
  const shown = drawn + (chart.rest?.count ?? 0);
  const silent = drawn - measured.length;
  return [
    `${topicOf(chart)}, ${shown} lines, from ${spanInWords(chart.from, chart.to)}${limit === null ? '' : `; ${limit}`}.`,
    ...measured.map(({ line, figures }) => `${line.label}: ${figuresInWords(chart, figures)}.`),
    ...(silent === 0 ? [] : [`${silent} of the lines ${silent === 1 ? 'has' : 'have'} no value.`]),
    ...restInWords(chart),
    ...howShown(chart),
  ];
}

/** `And 12 more, between 0.2 s and 0.9 s.` */
export function restInWords({ rest, unit }: Chart): string[] {
  if (rest === null) return [];
  const [low, high] = [figuresOf(rest.low), figuresOf(rest.high)];
  if (low === null || high === null) return [`And ${rest.count} more without any value.`];
  return [
    `And ${rest.count} more, between ${quantity(low.lowest.value, unit)} and ${quantity(high.highest.value, unit)}.`,
  ];
}

/** `no data from 12:05 to 12:10`, for the times in which no line has a value. */
export function gapsInWords(chart: Chart): string[] {
  const drawn = [...chart.lines, ...(chart.rest === null ? [] : [chart.rest.high])].map(({ points }) => points);
  const gaps = commonGaps(drawn, chart.stepMs);
  if (gaps.length === 0) return [];
  const said = gaps.slice(0, mostGaps).map((gap) => gapInWords(chart, gap));
  const more = gaps.length > mostGaps ? ` and ${gaps.length - mostGaps} more times` : '';
  return [`No data from ${said.join(', ')}${more}.`];
}

function gapInWords(chart: Chart, { from, to }: Gap): string {
  const end = new Date(Math.min(+to, +chart.to));
  return `${momentOf(chart, from)} to ${momentOf(chart, end)}`;
}

function howShown({ shows, stepMs }: Chart): string[] {
  if (stepMs <= 15_000) return [];
  const word = { MEAN: 'mean', HIGHEST: 'highest value', LOWEST: 'lowest value' }[shows];
  return [`Each point is the ${word} of ${stepInWords(stepMs)}.`];
}

function limitInWords({ threshold, unit }: Chart): string | null {
  if (threshold === null) return null;
  return `the limit is ${quantity(threshold.value, unit)}`;
}

function isBad({ threshold }: Chart, value: number): boolean {
  if (threshold === null) return false;
  return threshold.bad === 'OVER' ? value > threshold.value : value < threshold.value;
}

function topicOf({ title, place }: Chart): string {
  return `${title} of ${place}`;
}

function between(chart: Chart, from: Date, to: Date): string {
  return isOneDay(chart.from, chart.to)
    ? `between ${clockOf(from)} and ${clockOf(to)} UTC on ${dayOf(from)}`
    : `between ${momentOf(chart, from)} and ${momentOf(chart, to)} UTC (${dayOf(to)})`;
}

/** The time alone where the chart is of one day, otherwise with its day. */
function momentOf(chart: Chart, at: Date): string {
  return isOneDay(chart.from, chart.to) ? clockOf(at) : `${clockOf(at)} on ${dayOf(at, { year: false })}`;
}

function trendOf(first: number, last: number): 'rose' | 'fell' | 'stayed' {
  const most = Math.max(Math.abs(first), Math.abs(last));
  if (Math.abs(last - first) <= most * sameShare) return 'stayed';
  return last > first ? 'rose' : 'fell';
}

/** Whether a value lies visibly outside of both ends. */
function isBeyond(value: number, first: number, last: number): boolean {
  return trendOf(first, value) !== 'stayed' && trendOf(last, value) !== 'stayed';
}

function fitted(sentences: readonly string[]): string {
  let text = '';
  for (const [index, sentence] of sentences.entries()) {
    const more = ` And ${sentences.length - index} more facts.`;
    const next = text === '' ? sentence : `${text} ${sentence}`;
    if (next.length > mostCharacters - more.length) return `${text}${more}`.slice(0, mostCharacters);
    text = next;
  }
  return text;
}
