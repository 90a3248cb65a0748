import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthFacts } from '../../src/domain/health/facts.ts';
import { scoreHealth, scoreInWords } from '../../src/domain/health/score.ts';
import type { NodeProbe, NotJudged } from '../../src/domain/probe.ts';
import { countUnjudged, fewOfEach, markUnjudged, unjudgedInWords } from '../../src/domain/unjudged.ts';

const at = new Date('2026-11-28T12:00:00Z');
const backend = (host: string, change: Partial<NodeProbe> = {}): NodeProbe => ({
  ...{ kind: 'BACKEND', host, port: 9050, alive: true, httpProblem: null, httpFailures: 0, silentSince: null },
  ...change,
});
const of = (rule: string, labels: NotJudged['labels'], because = 'its page was not read'): NotJudged => ({
  ...{ rule, labels, because },
});
const ofNode = (rule: string, host: string, because?: string) => of(rule, { node: `be ${host}:9050` }, because);

/** What is stored of a look and read again. */
function said(nodes: readonly NodeProbe[], notJudged: readonly NotJudged[]): readonly string[] {
  return unjudgedInWords(markUnjudged(nodes, notJudged), fewOfEach(notJudged));
}

describe('what could not be judged', () => {
  it('counts every node, also where three are kept by name', () => {
    const hosts = Array.from({ length: 17 }, (_, index) => `b${index}`);
    const notJudged = hosts.flatMap((host) => [ofNode('memory_high', host), ofNode('disk_filling', host)]);
    const nodes = [...hosts, 'well'].map((host) => backend(host));
    expect(said(nodes, notJudged)).toEqual([
      'be b0:9050, be b1:9050, be b2:9050 and 14 more could not be judged by memory_high, disk_filling: its page was not read',
    ]);
    const kept = fewOfEach(notJudged);
    expect(kept).toHaveLength(6);
    expect(countUnjudged(kept)).toBe(34);
  });

  it('counts a node that is missing from the first three of each rule', () => {
    const notJudged = ['b0', 'b1', 'b2', 'b3'].map((host) => ofNode('memory_high', host));
    const nodes = [backend('b0'), backend('b1'), backend('b2'), backend('b3')].slice(3);
    expect(markUnjudged(nodes, notJudged)).toMatchObject([{ unjudged: { rules: 1 } }]);
    const [words] = said(nodes, notJudged);
    expect(words).toBe('be b3:9050 could not be judged by 1 alert rules: its page was not read');
  });

  it('leaves out nodes that are told as down or silent', () => {
    const nodes = [backend('b1', { alive: false }), backend('b2', { httpProblem: 'refused' })];
    expect(said(nodes, [ofNode('memory_high', 'b1'), ofNode('memory_high', 'b2')])).toEqual([]);
  });

  it('names other subjects, those of which nothing else is known, and rules of which nothing could be judged', () => {
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((job) => ({ job: `shop.${job}` }));
    const notJudged = [
      ...jobs.flatMap((labels) => [of('routine_load_errors', labels, 'x'), of('routine_load_lagging', labels, 'x')]),
      of('safe_mode', null, 'denied'),
      of('disk_filling', { node: 'be gone:9050', path: '/data' }, 'y'),
    ];
    expect(said([], notJudged)).toEqual([
      'safe_mode could not be judged: denied',
      'routine_load_errors, routine_load_lagging could not be judged of shop.a, shop.b, shop.c and 2 more: x',
      'disk_filling could not be judged of be gone:9050 /data: y',
    ]);
  });

  it('forgets what an earlier look could not judge of a node', () => {
    const before = backend('b1', { unjudged: { rules: 2, because: 'x' } });
    expect(markUnjudged([before], [])).toEqual([backend('b1')]);
  });
});

const someHost = fc.constantFrom('b1', 'b2', 'b3', 'b4', 'b5', 'b6');
const someLabels = fc.oneof(
  fc.constant(null),
  someHost.map((host) => ({ node: `be ${host}:9050` })),
  fc.record({ node: someHost.map((host) => `be ${host}:9050`), path: fc.constantFrom('/a', '/b') }),
  fc.record({ database: fc.constantFrom('p', 'q', 'r', 's') }),
);
const someGaps = fc.array(
  fc.record({ rule: fc.constantFrom('r1', 'r2', 'r3'), labels: someLabels, because: fc.constantFrom('x', 'y') }),
);
const facts = (nodes: readonly NodeProbe[], notJudged: readonly NotJudged[]): HealthFacts => ({
  ...{ now: at, observedAt: at, look: { at, ok: true, problem: null, nodes }, runMode: 'shared_data', measured: null },
  nodes: [
    {
      ...{ id: 'f1', kind: 'FRONTEND', host: 'f1', port: 9010, role: 'LEADER', alive: true, version: '3.5.0' },
      maxDiskUsedPercent: null,
    },
  ],
  ...{ explained: new Map(), alerts: [], isUpgrading: false, notJudged, work: [] },
});

it('a score never says that all was looked at while something of a living node or another subject was not', () =>
  fc.assert(
    fc.property(fc.uniqueArray(someHost), someGaps, (hosts, notJudged) => {
      const nodes = hosts.map((host) => backend(host));
      const score = scoreHealth(facts(markUnjudged(nodes, notJudged), fewOfEach(notJudged)));
      expect(score.unknown.length > 0).toBe(notJudged.length > 0);
      expect(scoreInWords(score).includes('as far as is known')).toBe(notJudged.length > 0);
      const marked = new Set(
        notJudged.flatMap(({ labels }) => (labels !== null && 'node' in labels ? labels.node : [])),
      );
      const of = hosts.filter((host) => marked.has(`be ${host}:9050`)).length;
      const line = score.unknown.find((words) => words.includes('could not be judged by '));
      const counted = line === undefined ? 0 : (line.match(/be b\d:9050/g)?.length ?? 0) + moreIn(line);
      expect(counted).toBe(of);
    }),
  ));

function moreIn(line: string): number {
  return Number(/ and (\d+) more could not be judged by/.exec(line)?.[1] ?? 0);
}

it('what is kept counts as many as there were, and keeps every rule', () =>
  fc.assert(
    fc.property(someGaps, (notJudged) => {
      const kept = fewOfEach(notJudged);
      expect(countUnjudged(kept)).toBe(notJudged.length);
      expect(new Set(kept.map(({ rule }) => rule))).toEqual(new Set(notJudged.map(({ rule }) => rule)));
    }),
  ));
