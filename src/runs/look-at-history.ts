import type { Prometheus, PrometheusAnswer } from '../adapters/prometheus/port.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { Series } from '../domain/metrics/points.ts';
import { pagesOf } from '../domain/metrics/prometheus/promql.ts';
import { type Question, questionFor } from '../domain/metrics/prometheus/question.ts';
import { endsOf, type HistorySource, joinAtSeams, type Seam } from '../domain/metrics/prometheus/seam.ts';
import { type Reading, seriesOf } from '../domain/metrics/prometheus/series.ts';
import { placeOf, type SiteNode } from '../domain/metrics/prometheus/site.ts';
import type { MetricRange } from '../domain/metrics/range.ts';
import { AppError } from '../errors.ts';
import type { Engine } from './engine.ts';

/** A history, and where it is from. */
export type ToldHistory = {
  /** By the keys of their subjects; one of the whole cluster has the empty one. */
  readonly series: readonly Series[];
  readonly source: HistorySource;
  /** Where the values go over to those of another source; none = all are from `source`. */
  readonly seams: readonly Seam[];
  /** Why it is from there, or what is doubtful or left out, in a sentence; null = there is nothing to say. */
  readonly note: string | null;
};

export type HistoryQuestion = {
  readonly cluster: Pick<Cluster, 'id' | 'name'>;
  readonly range: MetricRange;
  readonly now: Date;
  /** Of the cluster, read with rights before. */
  readonly nodes: () => Promise<readonly SiteNode[]>;
  /** What Starwarden measured itself in that time. */
  readonly ours: () => Promise<readonly Series[]>;
};

/**
 * A metric over some time: from Prometheus where there is one that has it, else from our own history, with the reason. What
 * Prometheus lacks at the beginning or at the end is taken from our own, and `seams` says where.
 */
export async function lookAtHistory(
  { prometheus: elsewhere, log }: Pick<Engine, 'prometheus' | 'log'>,
  question: HistoryQuestion,
): Promise<ToldHistory> {
  const ours = async (why: string | null): Promise<ToldHistory> => ({
    series: await ownOf(question),
    source: 'STARWARDEN',
    seams: [],
    note: why,
  });
  const { metric } = question.range;
  if (elsewhere === undefined) return ours(null);
  const source = pagesOf(metric);
  if (source === null)
    return ours(`${metric.name} is on no page that Prometheus reads, so these are Starwarden's own values.`);
  const { cluster, now, range } = question;
  const place = placeOf(elsewhere.site, { name: cluster.name, nodes: await question.nodes(), kinds: source.nodes });
  if (typeof place === 'string') return ours(`Starwarden's own values: ${place}.`);
  const { matchers } = place;
  const asked = questionFor({ range, site: elsewhere.site, matchers, now });
  if (asked === null) return ours(null);
  try {
    const answer = await ask(elsewhere.prometheus, asked);
    const { instanceLabel } = elsewhere.site;
    const reading = seriesOf({ range, place, instanceLabel, ...answer });
    const notes = [...answer.warnings, ...reading.notes];
    return joined(question, { ...reading, notes }, elsewhere.site.scrapeMs);
  } catch (error) {
    if (!(error instanceof AppError) || !whatPrometheusThrows.includes(error.code)) throw error;
    log.warn(
      { clusterId: cluster.id, metric: metric.name, problem: error.message },
      'prometheus could not tell a history',
    );
    return ours(`Starwarden's own values: ${error.message}.`);
  }
}

const whatPrometheusThrows: readonly string[] = ['HTTP_FAILED', 'TIMEOUT', 'CREDENTIAL_MISSING', 'INVALID_INPUT'];

async function ownOf({ ours, range }: HistoryQuestion): Promise<readonly Series[]> {
  return (await ours()).filter(({ subject }) => (subject === '') === range.isOverall);
}

async function ask(prometheus: Prometheus, { range, last }: Question) {
  const none: PrometheusAnswer = { series: [], warnings: [] };
  const [over, now] = await Promise.all([
    range === null ? none : prometheus.queryRange(range),
    last === null ? none : prometheus.query(last),
  ]);
  const warnings = [...new Set([...over.warnings, ...now.warnings])].map(
    (warning) => `Prometheus warns: ${warning.replace(/\s+/g, ' ').slice(0, 200)}`,
  );
  return { over: over.series, last: now.series, warnings };
}

/** What lacks for less than that may just not have been read yet. */
const scrapesOfALack = 2;

async function joined(question: HistoryQuestion, { series, notes }: Reading, scrapeMs: number): Promise<ToldHistory> {
  const { range, now } = question;
  const { from, to, stepMs } = range;
  const steps = Math.round((+to - +from) / stepMs);
  const overSteps = Math.min(steps, Math.max(0, Math.ceil((+now - +from) / stepMs)));
  const ends = endsOf(series, overSteps);
  const said = (more: readonly string[]) => {
    const all = [...more, ...notes];
    return all.length === 0 ? null : `${all.join('; ')}.`;
  };
  if (ends === null) {
    const why = `Starwarden's own values: Prometheus has none of ${range.metric.name} of ${question.cluster.name} in that time`;
    return { series: await ownOf(question), source: 'STARWARDEN', seams: [], note: said([why]) };
  }
  const isLack = (ms: number) => ms > scrapesOfALack * scrapeMs;
  const before = isLack(ends.before * stepMs) ? ends.before : 0;
  const lastKnown = +from + (overSteps - ends.after) * stepMs;
  const after = isLack(Math.min(+now, +to) - lastKnown) ? ends.after + steps - overSteps : 0;
  if (before === 0 && after === 0) return { series, source: 'PROMETHEUS', seams: [], note: said([]) };
  const atOf = (step: number) => new Date(+from + step * stepMs);
  const both = joinAtSeams({ ours: await ownOf(question), theirs: series }, { ends: { before, after }, steps, atOf });
  return { ...both, source: 'PROMETHEUS', note: said(both.seams.map(seamInWords)) };
}

function seamInWords({ at, source }: Seam): string {
  const time = `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return source === 'PROMETHEUS'
    ? `up to ${time} these are Starwarden's own values, since Prometheus has none`
    : `from ${time} on these are Starwarden's own values, since Prometheus has none`;
}
