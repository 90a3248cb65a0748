import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/domain/alert-life.ts';
import { hidingsOf } from '../../../src/domain/rules/inhibitions.ts';
import { endedByValue, judgeMetricRule } from '../../../src/domain/rules/judge-metric.ts';
import { isMetricRule } from '../../../src/domain/rules/rule.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { at, disk, gap, look, measured, metricRule, override } from './builders.ts';

const filling = metricRule('disk_filling');
const used = (nodeId: string, value: number, path = '/data1') => measured('disk_used_share', disk(nodeId, path), value);

describe('a rule about a metric', () => {
  it('has a condition for each subject beyond its threshold, with its number, its neighbours, and what to do', () => {
    const free = measured('disk_free_bytes', disk('nod_1'), 40 * 2 ** 30);
    const { conditions, unknown } = judgeMetricRule(
      filling,
      look({ measurements: [used('nod_1', 0.92), used('nod_2', 0.4), free, used('nod_1', 0.5, '/data2')] }),
    );
    expect(unknown).toEqual([]);
    expect(conditions).toMatchObject([
      {
        ...{ rule: 'disk_filling', severity: 'HIGH', nodeId: 'nod_1', forMs: 120_000, minSamples: 2 },
        labels: { node: 'be 10.0.0.11:9050', path: '/data1' },
        title: 'The disk /data1 of be 10.0.0.11:9050 fills up',
        pastTitle: 'The disk /data1 of be 10.0.0.11:9050 was filling up',
      },
    ]);
    expect(conditions[0]).not.toHaveProperty('onlyGoesOn');
    const text = conditions[0] === undefined ? '' : textOf(conditions[0], at);
    expect(text).toMatch(
      /^Disk use of \/data1 on be 10\.0\.0\.11:9050 is 92 %, over 85 %, since 2026-11-27 10:00:00 UTC\. Free on disk: 40 GiB\. /,
    );
    expect(text).toContain(filling.todo);
  });

  it('says a value apart from the threshold that it has just passed', () => {
    const { conditions } = judgeMetricRule(filling, look({ measurements: [used('nod_1', 0.8512)] }));
    expect(conditions[0]?.text[0]).toBe('Disk use of /data1 on be 10.0.0.11:9050 is 85.12 %, over 85 %, since ');
  });

  it('lets an open alert go on between the two thresholds, and begins none there', () => {
    const { conditions } = judgeMetricRule(filling, look({ measurements: [used('nod_1', 0.84), used('nod_2', 0.83)] }));
    expect(conditions).toMatchObject([{ nodeId: 'nod_1', onlyGoesOn: true }]);
    expect(conditions[0]?.text[0]).toContain('is 84 % now, and was over 85 % since ');
  });

  it('says the value by which an alert is over, and nothing where none was measured', () => {
    const [bad] = judgeMetricRule(filling, look({ measurements: [used('nod_1', 0.92)] })).conditions;
    const ended = (...measurements: ReturnType<typeof used>[]) =>
      endedByValue(filling, bad?.fingerprint ?? '', look({ measurements }));
    expect(ended(used('nod_2', 0.2), used('nod_1', 0.5, '/data2'), used('nod_1', 0.71))).toBe(
      'Disk use of /data1 on be 10.0.0.11:9050 is 71 %, not over 83 %',
    );
    expect(ended(used('nod_2', 0.2), used('nod_1', 0.5, '/data2'))).toBeNull();
  });

  it('leaves a subject to the stricter rule about the same number, unless that is off', () => {
    const measurements = [used('nod_1', 0.97)];
    expect(judgeMetricRule(filling, look({ measurements })).conditions).toMatchObject([{ onlyGoesOn: true }]);
    expect(judgeMetricRule(metricRule('disk_nearly_full'), look({ measurements })).conditions).toMatchObject([
      { severity: 'CRITICAL', nodeId: 'nod_1' },
    ]);
    const overrides = [override('disk_nearly_full', { isOff: true })];
    expect(judgeMetricRule(filling, look({ measurements }, { overrides })).conditions[0]).not.toHaveProperty(
      'onlyGoesOn',
    );
    // One that tells later tells nothing now.
    const late = [override('disk_nearly_full', { forMs: 3_600_000 })];
    expect(judgeMetricRule(filling, look({ measurements }, { overrides: late })).conditions[0]).not.toHaveProperty(
      'onlyGoesOn',
    );
  });

  it('names what it could not judge, and judges the rest', () => {
    const { conditions, unknown } = judgeMetricRule(
      filling,
      look({
        measurements: [used('nod_1', 0.92)],
        unknown: [
          gap('disk_used_share', { nodeId: 'nod_2' }, 'NODE_SILENT'),
          gap('disk_used_share', {}, 'NODE_SILENT'),
        ],
      }),
    );
    expect(conditions).toHaveLength(1);
    expect(unknown).toEqual([
      { rule: 'disk_filling', labels: { node: 'be 10.0.0.12:9050' }, because: 'it did not answer' },
    ]);
  });

  it('leaves all its alerts as they are when nothing of the metric is known', () => {
    const rule = metricRule('routine_load_lagging');
    const unknown = [gap('routine_load_lag', {}, 'FACT_UNKNOWN')];
    expect(judgeMetricRule(rule, look({ unknown })).unknown).toMatchObject([{ labels: {} }]);
  });

  it('takes a share of nothing for fine where the rule says so, and for unknown elsewhere', () => {
    const none = (name: string) => judgeMetricRule(metricRule(name), look({ unknown: [] })).unknown;
    expect(none('query_errors_high')).toEqual([]);
    const unknown = [
      gap('query_error_share', {}, 'OF_NOTHING'),
      gap('memory_of_limit', { nodeId: 'nod_1' }, 'OF_NOTHING'),
    ];
    // A share says nothing for some minutes, and is fine then.
    expect(judgeMetricRule(metricRule('query_errors_high'), look({ unknown }))).toMatchObject({
      conditions: [],
      unknown: [{ labels: {}, nothingForMs: 300_000 }],
    });
    const latency = [gap('query_p95_ms', {}, 'OF_NOTHING')];
    expect(judgeMetricRule(metricRule('query_p95_high'), look({ unknown: latency })).unknown).toEqual([]);
    // Of few queries it says nothing: what is open stays so for some minutes, and nobody is told of a lack.
    const few = [gap('query_p95_ms', {}, 'OF_FEW')];
    expect(judgeMetricRule(metricRule('query_p95_high'), look({ unknown: few })).unknown).toMatchObject([
      { labels: {}, nothingForMs: 300_000 },
    ]);
    expect(judgeMetricRule(metricRule('memory_high'), look({ unknown })).unknown).toHaveLength(1);
  });

  it('judges the whole cluster by the value that all have together', () => {
    const p95 = (nodeId: string, value: number) => measured('query_p95_ms', { nodeId }, value);
    const measurements = [p95('nod_fe', 12_400), measured('query_p95_ms', {}, 12_400)];
    const { conditions } = judgeMetricRule(metricRule('query_p95_high'), look({ measurements }));
    expect(conditions).toMatchObject([{ labels: {}, nodeId: null, title: 'Queries are slow', forMs: 300_000 }]);
    expect(conditions[0]?.text[0]).toBe('Query latency, 95 % is 12.4 s, over 10 s, since ');
  });

  it('has no alert about a node that has left', () => {
    expect(judgeMetricRule(filling, look({ measurements: [used('nod_gone', 0.99)] })).conditions).toEqual([]);
  });

  it('holds what an override says for a node, and is off where one says so', () => {
    const scope = { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_1' } as const;
    const limits = { threshold: 0.5, clear: 0.4 };
    const overrides = [override('disk_filling', { limits, severity: 'LOW', forMs: 0 }, { scope })];
    const measurements = [used('nod_1', 0.6), used('nod_2', 0.6)];
    expect(judgeMetricRule(filling, look({ measurements }, { overrides })).conditions).toMatchObject([
      { nodeId: 'nod_1', severity: 'LOW', forMs: 0, minSamples: 1 },
    ]);
    const off = [override('disk_filling', { isOff: true })];
    expect(
      judgeMetricRule(filling, look({ measurements: [used('nod_1', 0.9)] }, { overrides: off })).conditions,
    ).toEqual([]);
  });
});

describe('rules about certificates', () => {
  const endpoint = '10.0.0.1:9030';
  const left = (days: number) => [measured('certificate_days_left', { endpoint }, days)];
  const of = (rule: string, days: number) =>
    judgeMetricRule(metricRule(rule), look({ at: new Date('2027-01-10T12:00:00Z'), measurements: left(days) }))
      .conditions;

  it.each([
    [15, false, false],
    [13.9, true, false],
    [2.9, false, true],
    [-20, false, true],
  ])('begin by what is left: %d days', (days, isSoon, isNearly) => {
    expect(of('certificate_expires_soon', days).some(({ onlyGoesOn }) => onlyGoesOn !== true)).toBe(isSoon);
    expect(of('certificate_nearly_expired', days)).toHaveLength(isNearly ? 1 : 0);
  });

  it('say when it expires, and when it did', () => {
    expect(of('certificate_expires_soon', 10)[0]).toMatchObject({
      ...{ title: 'The certificate of 10.0.0.1:9030 expires soon', labels: { endpoint }, severity: 'HIGH' },
      text: [
        'Certificate, days left of 10.0.0.1:9030 is 10 days, below 14 days, since ',
        expect.stringContaining('The certificate expires at 2027-01-20 12:00 UTC.'),
      ],
    });
    expect(of('certificate_nearly_expired', -2)[0]).toMatchObject({
      ...{ severity: 'CRITICAL' },
      text: [
        'Certificate, days left of 10.0.0.1:9030 is -2 days, below 3 days, since ',
        expect.stringContaining('The certificate expired at 2027-01-08 12:00 UTC.'),
      ],
    });
  });

  it('have nothing that hides them', () => {
    for (const name of ['certificate_expires_soon', 'certificate_nearly_expired'])
      expect(hidingsOf(metricRule(name))).toEqual([]);
  });

  it('do not judge an endpoint that could not be looked at', () => {
    const because = 'the TLS handshake took longer than 5000 ms';
    const unknown = [
      { metric: 'certificate_days_left', subject: { endpoint }, reason: 'FACT_UNKNOWN', because },
    ] as const;
    expect(judgeMetricRule(metricRule('certificate_nearly_expired'), look({ unknown }))).toEqual({
      conditions: [],
      unknown: [{ rule: 'certificate_nearly_expired', labels: { endpoint }, because }],
    });
  });
});

const metricRules = shippedRules.filter((rule) => isMetricRule(rule));

describe('every shipped rule about a metric', () => {
  it.each(metricRules.map((rule) => [rule.name, rule] as const))(
    '%s begins, goes on and ends in this order',
    (_, rule) => {
      const subject =
        rule.on.of === 'CLUSTER' ? {} : { nodeId: rule.on.nodes?.[0] === 'FRONTEND' ? 'nod_fe' : 'nod_1' };
      const judge = (value: number) =>
        judgeMetricRule(rule, look({ measurements: [measured(rule.on.metric, subject, value)] }, { rules: [rule] }))
          .conditions[0];
      const sign = rule.on.compare === 'ABOVE' ? 1 : -1;
      fc.assert(
        fc.property(fc.double({ min: 1e-6, max: 100, noNaN: true }), (by) => {
          const bad = judge(rule.on.threshold + sign * by);
          expect(bad).toBeDefined();
          expect(bad).not.toHaveProperty('onlyGoesOn');
          expect(judge(rule.on.clear - sign * by)).toBeUndefined();
        }),
        { numRuns: 20 },
      );
      expect(judge(rule.on.clear)).toBeUndefined();
      if (rule.on.clear !== rule.on.threshold) expect(judge(rule.on.threshold)).toHaveProperty('onlyGoesOn', true);
    },
  );

  it('makes the same alert of the same subject, whatever its value', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.851, max: 1, noNaN: true }),
        fc.double({ min: 0.851, max: 1, noNaN: true }),
        (a, b) => {
          const fingerprint = (value: number) =>
            judgeMetricRule(filling, look({ measurements: [used('nod_1', value)] })).conditions[0]?.fingerprint;
          expect(fingerprint(a)).toBe(fingerprint(b));
          expect(fingerprint(a)).toBeDefined();
        },
      ),
    );
  });
});
