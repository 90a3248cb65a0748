import { leaderMark } from '../leader-mark.ts';
import type { Join, Metric, PageSource } from '../metric.ts';
import { type Asking, type Context, expressionOf, isOfAllNodes, isOnPages, shareIn } from './expression.ts';
import { selector } from './text.ts';

const words: Readonly<Record<Join, string>> = { SUM: 'sum', MAX: 'max', MIN: 'min' };

/** The source of a metric that Prometheus can have; null = answers to SQL or of hosts are part of it. */
export function pagesOf({ source }: Pick<Metric, 'source'>): PageSource | null {
  return source.kind === 'PAGE' && isOnPages(source.derivation) ? source : null;
}

/**
 * A metric in PromQL, made from its derivation like the values of a look: one series for each subject, or with `isOverall` the
 * one of the whole cluster. Null = Prometheus cannot have it.
 */
export function promqlOf(
  metric: Metric,
  asking: Asking,
  { isOverall }: { readonly isOverall: boolean },
): string | null {
  const source = pagesOf(metric);
  if (source === null) return null;
  const { derivation } = source;
  const context = contextOf(source, asking);
  const { overall } = metric;
  if (!isOverall || overall === null || metric.scope === 'CLUSTER') return ofEachSubject(metric, source, context);
  if (overall !== 'POOLED') return `${words[overall]} (${ofEachSubject(metric, source, context)})`;
  if (derivation.kind !== 'SHARE') return null;
  return shareIn(derivation, (part) => `sum (${ofLeader(source, expressionOf(part, context), context)})`);
}

function contextOf({ by }: PageSource, asking: Asking): Context {
  if (by === undefined) return { ...asking, labels: [asking.instance], named: {} };
  return { ...asking, labels: [asking.instance, by.label], named: { [by.label]: { not: '' } } };
}

function ofEachSubject({ scope }: Metric, source: PageSource, context: Context): string {
  const each = ofLeader(source, expressionOf(source.derivation, context), context);
  if (scope === 'NODE' || scope === 'DISK') return each;
  // Two frontends may say for a moment that they lead.
  const how = words[source.leaderOnly ? 'MAX' : (source.across ?? 'SUM')];
  return source.by === undefined ? `${how} (${each})` : `${how} by (${source.by.label}) (${each})`;
}

/** What only the leader knows, others show as 0, or as it was when they led. */
function ofLeader({ leaderOnly, derivation }: PageSource, each: string, { instance, matchers }: Context): string {
  if (!leaderOnly || isOfAllNodes(derivation)) return each;
  return `(${each}) and on (${instance}) (${selector(leaderMark, matchers, { type: 'is_master' })} == 1)`;
}

/** For people: the metric in PromQL for each subject, of all clusters that are there, read once a minute. Null = it cannot. */
export function promqlInWords(metric: Metric): string | null {
  const everyMs = 60_000;
  return promqlOf(metric, { matchers: {}, instance: 'instance', scrapeMs: everyMs, everyMs }, { isOverall: false });
}
