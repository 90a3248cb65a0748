import { countOf, flatten, summaryWindowMs } from '../counters.ts';
import { latelyMs } from '../lately.ts';
import { leaderMark } from '../leader-mark.ts';
import type { Derivation, Family, LabelFilter } from '../metric.ts';
import { type Matchers, selector } from './text.ts';

/** What an expression needs to know of the site, and of the times that are asked for. */
export type Asking = {
  /** What all samples of the cluster have. */
  readonly matchers: Matchers;
  /** The label that tells nodes apart. */
  readonly instance: string;
  /** How often Prometheus reads a node. */
  readonly scrapeMs: number;
  /** The time between two values. */
  readonly everyMs: number;
};

/** `labels` name the subject of a value, and `named` says that they do: samples that name none are about none. */
export type Context = Asking & { readonly labels: readonly string[]; readonly named: Matchers };

/** Two values of a counter are a growth, and one read may fail. */
const readsOfARate = 4;
/** What is a matter of rounding. */
const tolerance = '1e-9';

/**
 * Labels by which one node may be there twice: read by two jobs, or by two Prometheuses that are read as one. What a node says
 * counts once all the same.
 */
const ofOneScrape = ['job', 'prometheus', 'prometheus_replica', 'replica'] as const;

/** The time over which growth is measured. */
export function rateWindowMs({ scrapeMs, everyMs }: Pick<Asking, 'scrapeMs' | 'everyMs'>): number {
  return Math.max(readsOfARate * scrapeMs, everyMs + scrapeMs);
}

/** Whether a value comes from pages of nodes alone, so that Prometheus can have it. */
export function isOnPages(derivation: Derivation): boolean {
  return flatten(derivation).every(({ kind }) => kind !== 'FACT');
}

/** A derivation in PromQL, one series for each subject, by the rules of `evaluate`. Throws for one that is not on pages. */
export function expressionOf(derivation: Derivation, context: Context): string {
  switch (derivation.kind) {
    case 'GAUGE':
      return scaled(gauge(derivation, context), derivation.scale);
    case 'PERCENT':
      return `clamp_max((${highestOf(derivation.family, context)}) >= 0, 100) / 100`;
    case 'RATE':
      return scaled(rate(derivation, context), derivation.scale);
    case 'LATELY':
      return lately(derivation, context);
    case 'QUANTILE':
      return quantile(derivation, context);
    case 'SHARE':
      return shareIn(derivation, (part) => expressionOf(part, context));
    case 'SUM':
      return derivation.terms.map((term) => `(${expressionOf(term, context)})`).join(' + ');
    case 'DIFFERENCE':
      return difference(derivation, context);
    case 'MAX':
      return highest(derivation.terms, context);
    case 'ONCE_SET':
      return `(${expressionOf(derivation.value, context)}) and ((${expressionOf(derivation.mark, context)}) > 0)`;
    case 'FACT':
      throw new Error(`${derivation.fact} is on no page`);
    default:
      return derivation satisfies never;
  }
}

/** A share, of parts that `text` says; nothing where there is nothing of which it could be a share, or it would be none. */
export function shareIn(
  derivation: Extract<Derivation, { kind: 'SHARE' }>,
  text: (part: Derivation) => string,
): string {
  const enough = derivation.least === undefined ? '> 0' : `>= ${derivation.least}`;
  const share = `(${text(derivation.of)}) / ((${text(derivation.in)}) ${enough}) >= -${tolerance}`;
  if (derivation.isOfLimit) return `clamp_min(${share}, 0)`;
  return hasRates(derivation) ? `clamp(${share}, 0, 1)` : `clamp((${share}) <= 1 + ${tolerance}, 0, 1)`;
}

function hasRates(derivation: Derivation): boolean {
  return flatten(derivation).some(({ kind }) => kind === 'RATE');
}

function scaled(text: string, scale = 1): string {
  return scale === 1 ? text : `(${text}) * ${scale}`;
}

function gauge({ family, join = 'SUM', isCount }: Extract<Derivation, { kind: 'GAUGE' }>, context: Context): string {
  const found =
    join === 'SUM'
      ? ofFamily(family, context, (series) => once(series, context))
      : ofFamily(family, context, (series) => `${join.toLowerCase()} by (${context.labels.join(', ')}) (${series})`);
  // Every page of a frontend has the mark of leaders, so a page without any such sample has 0 of them.
  return isCount && context.labels.length === 1
    ? `(${found}) or (0 * count by (${context.labels.join(', ')}) (${selector(leaderMark, context.matchers)}))`
    : found;
}

function highestOf(family: Family, context: Context): string {
  return ofFamily(family, context, (series) => `max by (${context.labels.join(', ')}) (${series})`);
}

/** The counters of a host do not go back to 0 by a new start: where one fell, the rate is not known. */
function rate({ family, of = 'PROCESS' }: Extract<Derivation, { kind: 'RATE' }>, context: Context): string {
  const window = `[${rateWindowMs(context)}ms]`;
  return ofFamily(family, context, (series) => {
    const grown = once(`rate(${series}${window})`, context);
    if (of === 'PROCESS') return grown;
    return `(${grown}) unless (max by (${context.labels.join(', ')}) (resets(${series}${window})) > 0)`;
  });
}

/** Whether a derivation is about all nodes together already, so that no node is chosen or summed up any more. */
export function isOfAllNodes(derivation: Derivation): boolean {
  return flatten(derivation).some(({ kind }) => kind === 'LATELY');
}

/** What every frontend counted while it led. */
function lately({ counter }: Extract<Derivation, { kind: 'LATELY' }>, context: Context): string {
  const windowMs = Math.max(readsOfARate * context.scrapeMs, latelyMs);
  return `sum (${once(`increase(${selector(counter, context.matchers)}[${windowMs}ms])`, context)})`;
}

/** Where Prometheus reads seldom, as many requests for each minute of the longer window that it takes. */
function quantile(
  { family, quantile: which, least = 1 }: Extract<Derivation, { kind: 'QUANTILE' }>,
  context: Context,
): string {
  const { matchers, labels, scrapeMs } = context;
  const shown = highestOf({ ...family, where: { ...family.where, quantile: which } }, context);
  const windowMs = Math.max(readsOfARate * scrapeMs, summaryWindowMs);
  const counts = family.names.map(
    (name) => `max by (${labels.join(', ')}) (increase(${selector(countOf(name), matchers)}[${windowMs}ms]))`,
  );
  const wanted = least > 1 ? `>= ${Math.ceil((least * windowMs) / summaryWindowMs)}` : '> 0';
  return `(${shown}) and ((${counts.join(' or ')}) ${wanted})`;
}

function difference({ terms }: Extract<Derivation, { kind: 'DIFFERENCE' | 'SUM' | 'MAX' }>, context: Context): string {
  const rest = terms.map((term) => `(${expressionOf(term, context)})`).join(' - ');
  return terms.some(hasRates) ? `clamp_min(${rest}, 0)` : rest;
}

/** Only where all of them are known. */
function highest(terms: readonly Derivation[], context: Context): string {
  const labelled = terms.map(
    (term, index) => `label_replace(${expressionOf(term, context)}, "term", "${index}", "", "")`,
  );
  const [by, all] = [context.labels.join(', '), labelled.join(' or ')];
  return `(max by (${by}) (${all})) and (count by (${by}) (${all}) == ${terms.length})`;
}

/** Of several names of a family the first counts that a node has. */
function ofFamily(family: Family, context: Context, text: (series: string) => string): string {
  const texts = family.names.flatMap((name) =>
    spellings(family.where).map((where) => text(selector(name, context.matchers, context.named, where))),
  );
  const [only, second] = texts;
  return only !== undefined && second === undefined ? only : texts.map((each) => `(${each})`).join(' or ');
}

/** A label of a page that Prometheus has itself, `job`, is renamed when it is read, unless the site has said `honor_labels`. */
function spellings(where: LabelFilter = {}): readonly LabelFilter[] {
  const { job, ...others } = where;
  return job === undefined
    ? [where]
    : [
        { exported_job: job, ...others },
        { job, exported_job: '', ...others },
      ];
}

/** The samples of a node together, however many times the node is read. */
function once(series: string, { labels }: Context): string {
  return `max by (${labels.join(', ')}) (sum by (${[...labels, ...ofOneScrape].join(', ')}) (${series}))`;
}
