import { pino } from 'pino';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineRule } from '../../src/monitor/define-rule.ts';
import { configureRules, evaluateRules } from '../../src/monitor/evaluate.ts';
import { rules } from '../../src/monitor/rules/index.ts';
import { nodeDown } from '../../src/monitor/rules/node-down.ts';
import { node, seen } from './rules/builders.ts';

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
  });
  expect(unjudged).toEqual(['broken_rule']);
  expect(conditions.map(({ rule }) => rule)).toEqual(['node_down']);
});

it('a rule gets what the configuration says of it, and a rule that there is not is named', () => {
  const [first] = configureRules([nodeDown], { node_down: { forMs: 30_000 } });
  expect(first?.judge('clu_1', seen([node({ alive: false })]))).toMatchObject([{ forMs: 30_000 }]);
  expect(() => configureRules(rules, { node_dwon: {} })).toThrow('there is no alert rule node_dwon');
});
