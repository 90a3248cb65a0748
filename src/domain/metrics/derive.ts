import { catalogue } from './catalogue/index.ts';
import {
  type CounterFamilies,
  type Counters,
  counterFamilies,
  countersOf,
  flatten,
  growthOf,
  keepCounters,
  type NodeCounters,
} from './counters.ts';
import { evaluate, type Sight } from './evaluate.ts';
import { type FactAnswers, factUnknowns, factValues } from './facts.ts';
import { saysItLeads } from './leader-mark.ts';
import type { Measurement, MetricSubject } from './measurement.ts';
import type { FactSource, Metric, PageSource } from './metric.ts';
import { daysUntil } from './moments.ts';
import { joinTold, type Told, together } from './overall.ts';
import type { MetricNode, Page } from './page.ts';
import { groupSamples } from './samples.ts';
import { isKnown, type Unknown, type Value } from './unknown.ts';
import { pathsAfter, valuesOfVanished } from './vanished-paths.ts';
import { isInVersion } from './versions.ts';

export type Look = {
  /** The nodes of the inventory; one that is not among the pages is silent. */
  readonly nodes: readonly MetricNode[];
  /** The id of the node that leads; null = none does, or nobody knows. */
  readonly leader: string | null;
  /** By the id of the node. */
  readonly pages: ReadonlyMap<string, Page>;
  /** What the look before gave as `counters`; `{}` for the first one. */
  readonly before: Counters;
  readonly facts: FactAnswers;
  readonly at: Date;
  /** The pace of looks: a rate over more than five of them is not known. Default 15 s. */
  readonly everyMs?: number;
  /** Default: all of the catalogue. */
  readonly metrics?: readonly Metric[];
};

export type Derived = {
  readonly measurements: readonly Measurement[];
  /** For the next look. */
  readonly counters: Counters;
  readonly unknown: readonly Unknown[];
};

const looksOfARate = 5;

/**
 * What one look measured: values of nodes, of what is on them, and of the cluster. Pure; the order of nodes and pages does
 * not matter, and a node that is silent changes nothing about the values of others. Every value is finite; what is not
 * known is in `unknown`, with the reason.
 */
export function deriveMeasurements(look: Look): Derived {
  const { metrics = catalogue } = look;
  const families = counterFamilies(metrics);
  const seen = new Map(look.nodes.map((node) => [node.id, see(look, node, families)]));
  const told = metrics.flatMap((metric) => tell(metric, look, seen).map((each) => ({ metric: metric.name, ...each })));
  const known = told.flatMap(({ metric, subject, value }) =>
    isKnown(value) ? [{ metric, subject, value: value.value }] : [],
  );
  const unknown = told.flatMap(({ metric, subject, value }) =>
    isKnown(value) ? [] : [{ metric, subject, reason: value.reason, because: value.because }],
  );
  return { measurements: known, unknown, counters: countersAfter(look, seen) };
}

type Seen = { readonly sight: Sight } | { readonly problem: string };

function see(look: Look, node: MetricNode, families: CounterFamilies): Seen {
  const page = look.pages.get(node.id);
  if (page === undefined) return { problem: 'its page was not asked for' };
  if ('problem' in page) return { problem: page.problem };
  const samples = groupSamples(page.samples);
  const counters = countersOf(samples, families);
  const atMs = (page.at ?? look.at).getTime();
  const before = look.before[node.id];
  const limits = { longestMs: looksOfARate * (look.everyMs ?? 15_000) };
  const isWhole = page.isCut === undefined ? saysItLeads(samples) !== null : !page.isCut;
  const kept = keepCounters(counters, { families, atMs, before });
  const paths =
    node.kind === 'BACKEND'
      ? pathsAfter({ samples, isWhole, before: before?.paths, nodeId: node.id, facts: look.facts, at: look.at })
      : {};
  return {
    sight: {
      samples,
      isWhole,
      cutIn: page.isCut ? (page.samples.at(-1)?.name ?? null) : null,
      growth: growthOf(counters, { atMs, before, limits }),
      counters: Object.keys(paths).length === 0 ? kept : { ...kept, paths },
      ...{ facts: look.facts, at: look.at, subject: { nodeId: node.id } },
    },
  };
}

/** Those of silent nodes are kept while they can still be of use. Nodes that are gone are forgotten. */
function countersAfter(look: Look, seen: ReadonlyMap<string, Seen>): Counters {
  const kept = [...keptOf(look.nodes, { look, seen })];
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function keptOf(nodes: readonly MetricNode[], { look: { before }, seen }: World): ReadonlyMap<string, NodeCounters> {
  const kept = nodes.flatMap(({ id }) => {
    const node = seen.get(id);
    const counters = node !== undefined && 'sight' in node ? node.sight.counters : before[id];
    return counters === undefined ? [] : [[id, counters] as const];
  });
  return new Map(kept);
}

function tell(metric: Metric, look: Look, seen: ReadonlyMap<string, Seen>): Told[] {
  const { source } = metric;
  const own = source.kind === 'FACT' ? ofFact(source, look) : ofPages(metric, source, { look, seen });
  return own.length === 0 ? [] : [...own, ...together(metric, own, look.nodes)];
}

/** An answer may be older than the departure of a node that it names. */
function ofFact(source: FactSource, look: Look): Told[] {
  const ids = new Set(look.nodes.map(({ id }) => id));
  return allOfFact(source, look).filter(({ subject: { nodeId } }) => nodeId === undefined || ids.has(nodeId));
}

function allOfFact({ fact: name, endOf }: FactSource, { facts, at }: Look): Told[] {
  const values = factValues(facts, name, at);
  if ('problem' in values) return [{ subject: {}, value: { reason: 'FACT_UNKNOWN', because: values.problem } }];
  const known = [...values.values()].map(
    ({ subject, value }): Told => ({
      subject,
      value: Number.isFinite(value)
        ? { value: endOf !== undefined ? daysUntil(value, at) : value }
        : { reason: 'NOT_A_NUMBER', because: 'the answer is no number' },
    }),
  );
  const unknown = factUnknowns(facts, name, at).map(
    ({ subject, because, isNone }): Told => ({
      subject,
      value: { reason: isNone ? 'OF_NOTHING' : 'FACT_UNKNOWN', because },
    }),
  );
  return [...known, ...unknown];
}

type World = { readonly look: Look; readonly seen: ReadonlyMap<string, Seen> };

/** One value for each subject that nodes have to themselves, else one for each subject that they share. */
function ofPages(metric: Metric, source: PageSource, world: World): Told[] {
  const { look } = world;
  const nodes = look.nodes.filter(({ kind }) => source.nodes.includes(kind));
  const asked = source.leaderOnly ? nodes.filter(({ id }) => id === look.leader) : nodes;
  if (nodes.length > 0 && asked.length === 0)
    return [{ subject: {}, value: { reason: 'NO_LEADER', because: 'no frontend is seen to lead' } }];
  const kept = flatten(source.derivation).some(({ kind }) => kind === 'LATELY') ? keptOf(nodes, world) : new Map();
  const told = asked
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap((node) => ofNode(metric, node, { source, seen: world.seen.get(node.id), kept }));
  return metric.scope === 'NODE' || metric.scope === 'DISK' ? told : shared(source, told, nodes);
}

/** Each value is told of the node that said it; what is shared loses the node. */
function ofNode(
  metric: Metric,
  node: MetricNode,
  { source, seen, kept }: { source: PageSource; seen: Seen | undefined; kept: ReadonlyMap<string, NodeCounters> },
): Told[] {
  const subject = { nodeId: node.id };
  if (seen === undefined || 'problem' in seen)
    return [{ subject, value: { reason: 'NODE_SILENT', because: seen?.problem ?? 'it is not in the inventory' } }];
  const { sight } = seen;
  if (source.leaderOnly && saysItLeads(sight.samples) === false)
    return [{ subject, value: { reason: 'NO_LEADER', because: 'the frontend that led says that it does not lead' } }];
  const others = [...kept.entries()].flatMap(([id, counters]) => (id === node.id ? [] : [counters]));
  const told = subjectsOn(source, sight, subject).map((each) => {
    const { by } = source;
    const label = by === undefined ? undefined : each[by.subject];
    const only = by === undefined || label === undefined ? {} : { only: { label: by.label, value: label } };
    const value = evaluate(source.derivation, { ...sight, ...only, others, subject: each });
    return { subject: each, value: explained(value, metric, node) };
  });
  return source.remembersPaths
    ? [...told, ...valuesOfVanished(sight.counters.paths, { nodeId: node.id, facts: sight.facts, at: sight.at })]
    : told;
}

function explained(value: Value, metric: Metric, node: MetricNode): Value {
  if (isKnown(value) || value.reason !== 'NOT_ON_PAGE' || isInVersion(metric, node.version)) return value;
  const range = [metric.since && `from ${metric.since} on`, metric.until && `up to ${metric.until}`].filter(Boolean);
  return {
    reason: 'NOT_IN_THIS_VERSION',
    because: `${node.version ?? 'its version'} lacks it: ${range.join(', ')} only`,
  };
}

/** The subjects that the page of a node names, in order; the node itself where the metric is about nodes. */
function subjectsOn({ by, derivation }: PageSource, { samples, isWhole }: Sight, node: MetricSubject): MetricSubject[] {
  if (by === undefined) return [node];
  const families = familiesOf(derivation);
  const labels = families.flatMap((name) => (samples.get(name) ?? []).map(({ labels }) => labels[by.label]));
  const values = [...new Set(labels.filter((label) => label !== undefined))].toSorted();
  if (values.length > 0) return values.map((value) => ({ ...node, [by.subject]: value }));
  // A page that came to its end and names none has none; one that broke off does not tell.
  return isWhole ? [] : [node];
}

function familiesOf(derivation: PageSource['derivation']): string[] {
  return flatten(derivation).flatMap((each) => ('family' in each ? each.family.names : []));
}

/** Values of several nodes about the same subject, as one. */
function shared(
  { by, across = 'SUM', derivation }: PageSource,
  told: readonly Told[],
  nodes: readonly MetricNode[],
): Told[] {
  if (by === undefined)
    return told.length === 0 ? [] : [{ subject: {}, value: joinTold(across, told, { nodes, derivation }) }];
  const isNamed = ({ subject }: Told) => subject[by.subject] !== undefined;
  const silent = told.filter((each) => !isNamed(each));
  const groups = Map.groupBy(told.filter(isNamed), ({ subject }) => subject[by.subject]);
  if (groups.size === 0) return silent.slice(0, 1).map(({ value }) => ({ subject: {}, value }));
  return [...groups].map(([name, group]) => ({
    subject: { [by.subject]: name },
    value: joinTold(across, [...group, ...silent], { nodes, derivation }),
  }));
}
