import type { MetricSample } from './port.ts';

const label = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/gy;

/**
 * Reads the text format of Prometheus as StarRocks writes it: comment lines with two blanks, a blank after the comma
 * between labels, families without HELP or TYPE. Types are not read: the names are known. A line that cannot be read is
 * left out, so that one odd metric does not hide all others.
 */
export function parseExposition(text: string): MetricSample[] {
  const samples = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => parseSample(line) ?? []);
  return onceEach(samples);
}

/**
 * StarRocks registers some metrics twice. If a series has two values the larger one counts, because the other one does
 * not change.
 */
function onceEach(samples: readonly MetricSample[]): MetricSample[] {
  const bySeries = new Map<string, MetricSample>();
  for (const sample of samples) {
    const series = seriesOf(sample);
    const known = bySeries.get(series);
    if (known === undefined || Number.isNaN(known.value) || sample.value > known.value) bySeries.set(series, sample);
  }
  return [...bySeries.values()];
}

/** The same for the same labels in another order. */
function seriesOf({ name, labels }: MetricSample): string {
  const keys = Object.keys(labels);
  return (keys.length > 1 ? keys.sort() : keys).reduce((text, key) => `${text}\0${key}\0${labels[key]}`, name);
}

/** Finds the parts by position and not with one pattern: a hostile line must not take more time than its length allows. */
function parseSample(line: string): MetricSample | null {
  const [name] = /^[a-zA-Z_:][\w:]*/.exec(line) ?? [];
  if (name === undefined) return null;
  const rest = line.slice(name.length).trimStart();
  const labelsEnd = rest.startsWith('{') ? rest.lastIndexOf('}') : -1;
  // What is left is the value and perhaps a timestamp.
  const [valueText = '', timestamp = '0', ...more] = rest
    .slice(labelsEnd + 1)
    .trim()
    .split(/\s+/);
  const labels = parseLabels(rest.slice(1, Math.max(1, labelsEnd)));
  const value = parseValue(valueText);
  const isOdd = labels === null || value === null || more.length > 0 || !/^-?\d+$/.test(timestamp);
  return isOdd ? null : { name, labels, value };
}

function parseLabels(text: string): Record<string, string> | null {
  const matches = [...text.matchAll(label)];
  const readLength = matches.reduce((length, [whole]) => length + whole.length, 0);
  if (text.slice(readLength).trim() !== '') return null;
  return Object.fromEntries(matches.map(([, key = '', value = '']) => [key, unescapeLabel(value)]));
}

function parseValue(text: string): number | null {
  if (text === 'NaN') return Number.NaN;
  const [, sign, isInfinite] = /^([+-]?)(Inf|Infinity)$/.exec(text) ?? [];
  if (isInfinite !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = /^[-+.\deE]+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function unescapeLabel(value: string): string {
  return value.replaceAll(/\\(.)/g, (_whole, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}
