import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bookFor, noEdits, type RuleEdits } from '../../src/domain/rules/book.ts';
import type { RuleOverride } from '../../src/domain/rules/override.ts';
import { defineRule } from '../../src/monitor/define-rule.ts';
import { configureRules, evaluateRules } from '../../src/monitor/evaluate.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { nodeDown } from '../../src/monitor/rules/node-down.ts';
import { gap, measured, metricRule, override } from '../domain/rules/builders.ts';
import { node, seen } from './rules/builders.ts';

const place = { clusterId: 'clu_1', environment: 'prod', at: new Date('2026-03-01T12:00:00Z') };

const broken = defineRule({
  name: 'broken_rule',
  reads: ['health'],
  settings: z.object({}),
  judge: (): readonly string[] => {
    throw new Error('a mistake');
  },
  identity: () => ({}),
  nodeId: () => null,
  severity: () => 'LOW',
  words: () => ({ title: { now: 'is', past: 'was' }, what: 'It is', why: null, more: '', effect: 'Nothing.' }),
  ripens: () => ({ forMs: 0, minSamples: 1, startedAt: null }),
  over: 'it is not any more',
  inhibits: null,
  isInhibitedByRuns: false,
});

it('a rule that fails says nothing about the cluster, and keeps no other from it', () => {
  const log = pino({ level: 'silent' });
  const parts = seen([node({ alive: false })]);
  const { conditions, unjudged } = evaluateRules(configureRules([broken, nodeDown], {}), {
    clusterId: 'clu_1',
    parts,
    log,
    book: bookFor(noEdits, place, []),
    nodes: [],
  });
  expect(unjudged).toEqual(['broken_rule']);
  expect(conditions.map(({ rule }) => rule)).toEqual(['node_down']);
});

it('a rule gets what the configuration says of it, and a rule that there is not is named', () => {
  const [first] = configureRules([nodeDown], { node_down: { forMs: 30_000 } });
  expect(first?.judge('clu_1', seen([node({ alive: false })]))).toMatchObject([{ forMs: 30_000 }]);
  expect(() => configureRules(rules, { node_dwon: {} })).toThrow('there is no alert rule node_dwon');
});

describe('what people say of rules', () => {
  const log = pino({ level: 'silent' });
  const dead = [node({ alive: false }), node({ id: 'nod_2', host: '10.0.0.12', alive: false })];
  const nodes = dead;
  const judge = (overrides: readonly RuleOverride[], parts = seen(dead)) => {
    const book = bookFor({ own: [], overrides }, place);
    return { book, ...evaluateRules(configureRules(rules, {}), { clusterId: 'clu_1', parts, log, book, nodes }) };
  };
  const ofNode = { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_2' } as const;

  it('ends no alert of a rule of which a change cannot be read, and begins them as without it', () => {
    const book = bookFor({ own: [], overrides: [], unread: ['node_down'] }, place);
    const given = { clusterId: 'clu_1', parts: seen(dead), log, book, nodes };
    const { conditions, unjudged, notJudged } = evaluateRules(configureRules(rules, {}), given);
    expect(conditions.filter(({ rule }) => rule === 'node_down')).toHaveLength(2);
    expect(unjudged).toContain('node_down');
    expect(notJudged).toContainEqual({
      ...{ rule: 'node_down', labels: null, because: 'what somebody changed of the rule cannot be read' },
    });
  });

  it('counts for rules in code too: severity, time, and where they are off', () => {
    const { conditions, book } = judge([
      override('node_down', { severity: 'HIGH', forMs: 90_000 }),
      override('node_down', { isOff: true }, { scope: ofNode }),
    ]);
    expect(conditions).toMatchObject([{ rule: 'node_down', nodeId: 'nod_1', severity: 'HIGH', forMs: 90_000 }]);
    const [off] = book.switchedOff;
    expect([off?.rule, off?.because('nod_2'), off?.because('nod_1')]).toEqual([
      ...['node_down', 'the rule was switched off by kim: a test', null],
    ]);
  });

  it('judges numbers of the same look, and says why what could not be judged was not', () => {
    const unknown = [gap('disk_used_share', { nodeId: 'nod_2' }, 'NODE_SILENT')];
    const measurements = [measured('disk_used_share', { nodeId: 'nod_1', path: '/data1' }, 0.97)];
    const metrics = {
      at: place.at,
      measurements,
      unknown,
      impossibleUsers: new Map(),
      loginAttempts: new Map(),
    };
    const found = judge([override('node_down', { isOff: true })], { ...seen(dead), metrics });
    expect(found.conditions.filter(({ onlyGoesOn }) => !onlyGoesOn)).toMatchObject([
      { rule: 'disk_nearly_full', severity: 'CRITICAL', labels: { node: 'be 10.0.0.11:9050', path: '/data1' } },
    ]);
    const [alert] = found.conditions.filter(({ rule }) => rule === 'disk_nearly_full');
    const { fingerprint = '' } = alert ?? {};
    const better = {
      ...metrics,
      measurements: [measured('disk_used_share', { nodeId: 'nod_1', path: '/data1' }, 0.5)],
    };
    const after = judge([], { ...seen(dead), metrics: better });
    expect(after.endedBy?.({ rule: 'disk_nearly_full', fingerprint })).toBe(
      'Disk use of /data1 on be 10.0.0.11:9050 is 50 %, not over 93 %',
    );
    expect(after.endedBy?.({ rule: 'node_down', fingerprint })).toBeNull();
    expect(found.unjudged).toEqual([]);
    expect(found.unknown).toContainEqual({ rule: 'disk_filling', labels: { node: 'be 10.0.0.12:9050' } });
    expect(found.notJudged).toContainEqual({
      ...{ rule: 'disk_filling', labels: { node: 'be 10.0.0.12:9050' }, because: 'it did not answer' },
    });
  });

  it('leaves every rule about numbers unjudged where nothing was measured', () => {
    expect(judge([]).notJudged).toContainEqual({ rule: 'memory_high', labels: null, because: 'nothing was measured' });
    expect(judge([]).unjudged).toContain('memory_high');
  });

  it('ends alerts of rules that somebody removed, or that hold elsewhere only', () => {
    const rule = { ...metricRule('memory_high'), name: 'own_memory' };
    const own = { id: 'arl_1', rule, reason: 'a test', byId: 'per_1', byName: 'kim', at: place.at } as const;
    const removed = { byName: 'lee', reason: 'not needed', at: place.at };
    const words = (rules: RuleEdits['own']) =>
      bookFor({ own: rules, overrides: [] }, place).switchedOff.map(({ because }) => because(null));
    expect(words([{ ...own, scope: { kind: 'all' }, removed }])).toEqual(['the rule was removed by lee: not needed']);
    expect(words([{ ...own, scope: { kind: 'cluster', clusterId: 'clu_2' }, removed: null }])).toEqual([
      'the rule does not hold for this cluster any more',
    ]);
    expect(words([{ ...own, scope: { kind: 'environment', environment: 'prod' }, removed: null }])).toEqual([]);
  });
});
