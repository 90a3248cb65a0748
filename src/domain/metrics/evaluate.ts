import { durationInWords } from '../alert-facts.ts';
import { countOf, flatten, type Growth, type NodeCounters, summaryWindowMs } from './counters.ts';
import { facts as everyFact, type FactAnswers, factUnknowns, factValues, isFactName } from './facts.ts';
import { latelyMs, mayHaveMissed, sumLately } from './lately.ts';
import { type MetricSubject, subjectKey } from './measurement.ts';
import type { Derivation, FactSource, Family, Join } from './metric.ts';
import { daysUntil } from './moments.ts';
import type { KeyedSample, PageSample, Samples } from './page.ts';
import { findFamily, matches } from './samples.ts';
import { isKnown, isOfNothing, type UnknownReason, type Value } from './unknown.ts';

type Quantile = Extract<Derivation, { kind: 'QUANTILE' }>;

/** All that a derivation may look at: one page, and what is known beside it. */
export type Sight = {
  readonly samples: Samples;
  /** The page came to its end, so what it does not name is not there. */
  readonly isWhole: boolean;
  /** The family in which a page broke off, of which more may have followed; null = it did not. */
  readonly cutIn: string | null;
  readonly growth: Growth | string;
  readonly counters: NodeCounters;
  /** What is kept of the other nodes of its kind, of those that are silent too. */
  readonly others?: readonly NodeCounters[];
  readonly facts: FactAnswers;
  readonly at: Date;
  /** Only samples with this label count, where they have it. */
  readonly only?: { readonly label: string; readonly value: string };
  /** What the value is about, for facts about the same. */
  readonly subject: MetricSubject;
};

/** Makes one value of a page. Pure; never NaN, never infinite. */
export function evaluate(derivation: Derivation, sight: Sight): Value {
  switch (derivation.kind) {
    case 'GAUGE':
      return scaled(gauge(derivation, sight), derivation.scale);
    case 'PERCENT':
      return percentage(derivation, sight);
    case 'RATE':
      return scaled(rate(derivation, sight), derivation.scale);
    case 'LATELY':
      return lately(derivation, sight);
    case 'QUANTILE':
      return quantile(derivation, sight);
    case 'SHARE':
      return share(derivation, sight);
    case 'ONCE_SET':
      return onceSet(derivation, sight);
    case 'FACT':
      return factOf(derivation, sight);
    case 'SUM':
    case 'MAX':
    case 'DIFFERENCE':
      return combined(derivation, sight);
    default:
      return derivation satisfies never;
  }
}

function unknown(reason: UnknownReason, because: string): Value {
  return { reason, because };
}

function scaled(value: Value, scale = 1): Value {
  return isKnown(value) ? finite(value.value * scale) : value;
}

function finite(value: number): Value {
  return Number.isFinite(value) ? { value } : unknown('NOT_A_NUMBER', 'the page says NaN or infinite');
}

/** The samples that count, each once; a page that says two things of the same says nothing. */
function pick(family: Family, { samples, only, cutIn }: Sight): readonly KeyedSample[] | Value {
  const present = findFamily(samples, family);
  const isOnly = ({ labels }: PageSample) => only === undefined || (labels[only.label] ?? only.value) === only.value;
  const found = (present ?? []).filter((sample) => matches(sample, family.where) && isOnly(sample));
  if (found.length === 0) return unknown('NOT_ON_PAGE', `the page has no ${wordsOf(family)}`);
  if (found[0]?.name === cutIn) return unknown('NOT_ON_PAGE', `the page broke off in ${cutIn}`);
  if (found.length === 1) return found;
  const byKey = new Map<string, KeyedSample>();
  for (const sample of found) {
    const known = byKey.get(sample.key);
    if (known !== undefined && !Object.is(known.value, sample.value))
      return unknown('CONTRADICTORY', `the page says ${known.value} and ${sample.value} of the same ${sample.name}`);
    byKey.set(sample.key, sample);
  }
  return [...byKey.values()];
}

function wordsOf({ names, where }: Family): string {
  const labels = Object.entries(where ?? {}).map(([label, value]) =>
    typeof value === 'object' && 'not' in value ? `${label}!="${value.not}"` : `${label}="${[value].flat().join('|')}"`,
  );
  return `${names.join(' or ')}${labels.length === 0 ? '' : `{${labels.join(',')}}`}`;
}

function isSamples(found: readonly KeyedSample[] | Value): found is readonly KeyedSample[] {
  return Array.isArray(found);
}

/** Null for no values. */
export function join(how: Join, values: readonly number[]): number | null {
  if (values.length === 0) return null;
  if (how === 'SUM') return values.reduce((sum, value) => sum + value, 0);
  // Not by spreading: a page may have more samples than a call takes arguments.
  return values.reduce((a, b) => (how === 'MAX' ? Math.max(a, b) : Math.min(a, b)));
}

function gauge({ family, join: how = 'SUM', isCount }: Extract<Derivation, { kind: 'GAUGE' }>, sight: Sight): Value {
  if (isCount && !sight.isWhole) return unknown('NOT_ON_PAGE', `the page broke off, perhaps among ${wordsOf(family)}`);
  const found = pick(family, sight);
  const hasNone = !isSamples(found) && !isKnown(found) && found.reason === 'NOT_ON_PAGE';
  if (isCount && hasNone) return { value: 0 };
  return isSamples(found)
    ? finite(
        join(
          how,
          found.map(({ value }) => value),
        ) ?? Number.NaN,
      )
    : found;
}

function percentage({ family }: Extract<Derivation, { kind: 'PERCENT' }>, sight: Sight): Value {
  const value = gauge({ kind: 'GAUGE', family, join: 'MAX' }, sight);
  if (!isKnown(value)) return value;
  return value.value < 0
    ? unknown('CONTRADICTORY', `${value.value} percent is no share`)
    : { value: Math.min(1, value.value / 100) };
}

function rate({ family }: Extract<Derivation, { kind: 'RATE' }>, sight: Sight): Value {
  const { growth } = sight;
  const found = pick(family, sight);
  if (!isSamples(found)) return found;
  if (found.some(({ value }) => !Number.isFinite(value))) return finite(Number.NaN);
  if (typeof growth === 'string') return unknown('NO_LOOK_BEFORE', growth);
  const grown = found.map(growth.of);
  const known = grown.filter((each) => each !== null);
  if (known.length < grown.length) {
    return unknown('NO_LOOK_BEFORE', `${wordsOf(family)} is new since the look before, or was set back`);
  }
  return finite((join('SUM', known) ?? Number.NaN) / growth.seconds);
}

/** The counter of a frontend stands still while another one leads, so what all of them counted is what came. */
function lately({ counter }: Extract<Derivation, { kind: 'LATELY' }>, sight: Sight): Value {
  const found = pick({ names: [counter] }, sight);
  if (!isSamples(found)) return found;
  const { counters, others = [] } = sight;
  const counted = [counters, ...others].map((each) => sumLately(each.lately, [counter], counters.atMs));
  return finite(join('SUM', counted) ?? Number.NaN);
}

/**
 * A summary of StarRocks forgets slowly and only while it counts: it shows the same long after the last request, and for a
 * while one request alone decides what it shows. So it counts for what it says of `least` requests that were seen to come.
 */
function quantile({ family, quantile: which, least = 1 }: Quantile, sight: Sight): Value {
  const found = pick({ ...family, where: { ...family.where, quantile: which } }, sight);
  if (!isSamples(found)) return found;
  const name = found[0]?.name ?? '';
  const counted = sight.samples.get(countOf(name))?.[0]?.value;
  if (counted === 0) return unknown('OF_NOTHING', 'nothing was counted since the process began');
  const few = fewRequests(sight.counters, { name: countOf(name), least });
  if (few !== null) return few;
  return finite(
    join(
      'MAX',
      found.map(({ value }) => value),
    ) ?? Number.NaN,
  );
}

/** Why too few requests were seen to come to say anything of them; null = there were enough. */
function fewRequests(
  { atMs, summaries }: NodeCounters,
  { name, least }: { readonly name: string; readonly least: number },
): Value | null {
  const counts = summaries?.[name];
  if (counts === undefined) return unknown('NOT_ON_PAGE', `the page has no ${name}`);
  const requests =
    join(
      'SUM',
      counts.grown.map(([, each]) => each),
    ) ?? 0;
  if (requests >= least) return null;
  const seenForMs = atMs - counts.sinceMs;
  if (seenForMs < summaryWindowMs)
    return unknown(
      'NO_LOOK_BEFORE',
      `${requests} were counted in the ${Math.round(seenForMs / 1_000)} s for which it is looked at, and it takes ${least}`,
    );
  const minutes = summaryWindowMs / 60_000;
  return requests === 0
    ? unknown('OF_NOTHING', `nothing was counted in the last ${minutes} minutes`)
    : unknown('OF_FEW', `${requests} in the last ${minutes} minutes are too few to say anything: it takes ${least}`);
}

/** Beyond this much, a whole that is smaller than its part is no matter of rounding. */
const tolerance = 1e-9;

function share(derivation: Extract<Derivation, { kind: 'SHARE' }>, sight: Sight): Value {
  const [of, whole] = [evaluate(derivation.of, sight), evaluate(derivation.in, sight)];
  if (!isKnown(of)) return of;
  if (!isKnown(whole)) return whole;
  const value = shareOf({ of: of.value, in: whole.value }, derivation);
  if (isKnown(value) || !isOfNothing(value.reason) || !isOfLately(derivation)) return value;
  // There may have been more of it while nobody looked.
  return mayHaveMissed(sight.counters.lately, sight.counters.atMs)
    ? unknown('NO_LOOK_BEFORE', `nobody looked for a while, less than ${latelyMs / 3_600_000} hours ago`)
    : value;
}

function isOfLately(derivation: Derivation): boolean {
  return flatten(derivation).some(({ kind }) => kind === 'LATELY');
}

/** A share of these parts, by the rules of the derivation. */
export function shareOf(parts: { of: number; in: number }, derivation: Extract<Derivation, { kind: 'SHARE' }>): Value {
  const isOfRates = flatten(derivation).some(({ kind }) => kind === 'RATE');
  if (parts.in === 0) return { ...unknown('OF_NOTHING', 'there is nothing of which it could be a share'), parts };
  const { least = 0 } = derivation;
  if (parts.in < least)
    return { ...unknown('OF_FEW', `${parts.in} are too few to say anything: it takes ${least}`), parts };
  const value = parts.of / parts.in;
  if (!Number.isFinite(value) || value < -tolerance || parts.in < 0)
    return unknown('CONTRADICTORY', `${parts.of} of ${parts.in} is no share`);
  if (derivation.isOfLimit) return { value: Math.max(0, value), parts };
  // Counters are not read at one moment, so one that is part of another may be a few ahead.
  if (isOfRates || value <= 1 + tolerance) return { value: Math.min(1, Math.max(0, value)), parts };
  return unknown('CONTRADICTORY', `${parts.of} is more than the whole, ${parts.in}`);
}

function combined({ kind, terms }: Extract<Derivation, { kind: 'SUM' | 'MAX' | 'DIFFERENCE' }>, sight: Sight): Value {
  const values = terms.map((term) => evaluate(term, sight));
  const missing = values.find((value) => !isKnown(value));
  if (missing !== undefined) return missing;
  const numbers = values.filter(isKnown).map(({ value }) => value);
  if (kind !== 'DIFFERENCE') return finite(join(kind, numbers) ?? Number.NaN);
  const [first = Number.NaN, ...others] = numbers;
  const rest = first - (join('SUM', others) ?? 0);
  const isOfRates = terms.some((term) => flatten(term).some((each) => each.kind === 'RATE'));
  return finite(isOfRates ? Math.max(0, rest) : rest);
}

function onceSet({ mark, value }: Extract<Derivation, { kind: 'ONCE_SET' }>, sight: Sight): Value {
  const marked = evaluate(mark, sight);
  if (!isKnown(marked)) return marked;
  return marked.value > 0 ? evaluate(value, sight) : unknown('OF_NOTHING', 'the node has not measured it yet');
}

function factOf({ fact: name, endOf }: FactSource, { facts, at, subject }: Sight): Value {
  const values = factValues(facts, name, at);
  if ('problem' in values) return unknown('FACT_UNKNOWN', values.problem);
  const { nodeId, ...onAnyNode } = subject;
  const keys = [subject, onAnyNode, nodeId === undefined ? {} : { nodeId }, {}].map(subjectKey);
  const found = keys.map((key) => values.get(key)).find((each) => each !== undefined);
  if (found !== undefined) return finite(endOf !== undefined ? daysUntil(found.value, at) : found.value);
  const why = factUnknowns(facts, name, at).find((each) => keys.includes(subjectKey(each.subject)));
  return unknown('FACT_UNKNOWN', why?.because ?? notNamed(facts, { name, at }));
}

/** What came since, as a user who has connected, is asked about at the pace of the fact. */
function notNamed(answers: Sight['facts'], { name, at }: { readonly name: string; readonly at: Date }): string {
  const answer = isFactName(name) ? answers[name] : undefined;
  if (answer === undefined || !isFactName(name)) return 'it was not asked yet';
  const ago = durationInWords(at.getTime() - answer.atMs);
  return `nothing was known of it ${ago} ago, and that is asked every ${durationInWords(everyFact[name].everyMs)}`;
}
