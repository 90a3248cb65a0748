import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import type { Pending } from '../../../src/domain/alert-life.ts';
import type { LastLook, NotJudged } from '../../../src/domain/probe.ts';
import { bookFor } from '../../../src/domain/rules/book.ts';
import type { RuleOverride } from '../../../src/domain/rules/override.ts';
import { shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { changeInWords, ruleStandings, standingsOf } from '../../../src/domain/rules/standing.ts';
import type { WatchedCluster } from '../../../src/domain/rules/watched.ts';
import { alert } from '../alert-builders.ts';
import { at, disk, measured, nodes, override } from './builders.ts';

const later = (ms: number) => new Date(at.getTime() + ms);
const lookAt = (rest: Partial<LastLook> = {}): LastLook => ({
  ...{ clusterId: 'clu_1', at, dueAt: later(15_000), ok: true, problem: null, nodes: [], pending: [], notJudged: [] },
  ...rest,
});

type Given = Partial<Pick<WatchedCluster, 'look' | 'measured' | 'alerts' | 'now'>> & {
  readonly overrides?: readonly RuleOverride[];
};

function watched({ overrides = [], ...rest }: Given = {}): WatchedCluster {
  const place = { clusterId: 'clu_1', environment: 'prod', at };
  return {
    ...{ cluster: { id: 'clu_1', name: 'prod-eu', environment: 'prod' }, now: later(5_000), nodes, look: lookAt() },
    ...{ measured: { at, measurements: [] }, alerts: [], book: bookFor({ own: [], overrides }, place), ...rest },
  };
}

const of = (name: string, given: Given = {}) => {
  const found = standingsOf(watched(given)).find(({ rule }) => rule.name === name);
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
};

const pending = (rest: Partial<Pending> = {}): Pending => ({
  ...{
    fingerprint: 'f',
    rule: 'disk_filling',
    labels: { node: 'be 10.0.0.11:9050' },
    since: at,
    seenAt: at,
    samples: 1,
  },
  ripens: { title: 'The disk fills up', severity: 'HIGH', forMs: 120_000, minSamples: 2 },
  ...rest,
});

const firing = (rest: Partial<Alert> = {}) => alert({ rule: 'disk_filling', number: 7, ...rest });
const filling = { at, measurements: [measured('disk_used_share', disk('nod_1'), 0.8)] };
const off = override('disk_filling', { isOff: true }, { reason: 'being moved' });

describe('how a rule stands', () => {
  it('names what people changed for single nodes, and none of those that have left or of other clusters', () => {
    const ofNode = (nodeId: string, clusterId = 'clu_1') => ({ scope: { kind: 'node', clusterId, nodeId } as const });
    const here = override('disk_filling', { isOff: true }, ofNode('nod_2'));
    const cluster = override('disk_filling', { forMs: 60_000 }, { scope: { kind: 'cluster', clusterId: 'clu_1' } });
    const others = [ofNode('nod_gone'), ofNode('nod_1', 'clu_2')].map((each) =>
      override('disk_filling', { isOff: true }, each),
    );
    const found = of('disk_filling', { overrides: [...others, cluster, here] });
    expect(found.changedBy).toEqual([here, cluster]);
    expect(changeInWords(found.rule, here, { nodes })).toBe('be 10.0.0.12:9050: off, by kim: a test');
  });

  it.each([
    [
      'quiet, with the nearest value',
      { measured: filling },
      'QUIET',
      '80 % of /data1 on be 10.0.0.11:9050, 5 % below 85 %',
    ],
    ['quiet where there is nothing that it judges', {}, 'QUIET', 'there is nothing that it judges'],
    ['firing, with its alerts', { alerts: [firing()], measured: filling }, 'FIRING', /^A-7 CRITICAL, firing: /],
    [
      'pending, with what is left',
      { look: lookAt({ pending: [pending()] }) },
      'PENDING',
      'The disk fills up: for 5 s now, in 1 look; an alert after 2 min more and 1 more look, if it stays so',
    ],
    [
      'pending as an earlier version stored it',
      {
        look: lookAt({
          pending: [{ fingerprint: 'f', rule: 'disk_filling', labels: {}, since: at, seenAt: at, samples: 2 }],
        }),
      },
      'PENDING',
      'the cluster: for 5 s now, in 2 looks',
    ],
    [
      'off, by whom and why',
      { overrides: [off], measured: filling },
      'OFF',
      'the rule was switched off by kim: being moved',
    ],
    ['firing although it is off, until a look has ended it', { overrides: [off], alerts: [firing()] }, 'FIRING', /A-7/],
    [
      'unknown as a whole',
      { look: lookAt({ notJudged: [{ rule: 'disk_filling', labels: null, because: 'nothing was measured' }] }) },
      'UNKNOWN',
      'nothing was measured',
    ],
    [
      'unknown of its only node',
      {
        look: lookAt({
          notJudged: [
            { rule: 'disk_filling', labels: { node: 'be 10.0.0.11:9050' }, because: 'its page was not read' },
          ],
        }),
      },
      'UNKNOWN',
      'be 10.0.0.11:9050: its page was not read',
    ],
    ['unknown before the first look', { look: null, measured: null }, 'UNKNOWN', /has not looked at the cluster yet/],
    [
      'unknown while nobody looks, with the last value said to be one',
      { now: later(600_000), measured: filling },
      'UNKNOWN',
      /^nobody looks: the next look is due since 10 min; the last value was 80 %/,
    ],
    [
      'and says nothing of numbers that are older than the last look',
      { look: lookAt({ at: later(1_000) }), measured: filling },
      'QUIET',
      'there is nothing that it judges',
    ],
  ] as const)('is %s', (_what, given, standing, words) => {
    const found = of('disk_filling', given);
    expect(found.standing).toBe(standing);
    if (typeof words === 'string') expect(found.words).toBe(words);
    else expect(found.words).toMatch(words);
  });

  it('names what is not known beside what is', () => {
    const notJudged: NotJudged[] = [{ rule: 'disk_filling', labels: { node: 'be 2' }, because: 'it is silent' }];
    const found = of('disk_filling', { measured: filling, look: lookAt({ notJudged }) });
    expect(found).toMatchObject({
      standing: 'QUIET',
      words: expect.stringMatching(/5 % below 85 %; not known of be 2: it is silent$/),
    });
  });

  it('names the metric that is judged in its place', () => {
    const few = measured('transactions_failed_share_lately', {}, 1);
    const said = (...others: readonly ReturnType<typeof measured>[]) =>
      of('rare_load_failures', { measured: { at, measurements: [few, ...others] } }).words;
    expect(said()).toMatch(/50 % over 50 %$/);
    expect(said(measured('transactions_failed_share', {}, 1))).toMatch(
      /, and transactions_failed_share is judged as long as it is known$/,
    );
  });

  it('names the stricter rule that has the alert', () => {
    const full = { at, measurements: [measured('disk_used_share', disk('nod_1'), 0.97)] };
    const words = /, 12 % over 85 %/;
    expect(of('disk_filling', { measured: full }).words).toMatch(/, which disk_nearly_full tells$/);
    expect(of('disk_nearly_full', { measured: full }).words).not.toMatch(/which/);
    const alone = of('disk_filling', { measured: full, overrides: [override('disk_nearly_full', { isOff: true })] });
    expect(alone.words).toMatch(words);
    expect(alone.words).not.toMatch(/which/);
  });

  it('of a check is what its look found', () => {
    expect(of('no_leader')).toMatchObject({ standing: 'QUIET', words: 'the last look found nothing', values: [] });
  });
});

describe('the rules of a cluster', () => {
  it('come with the nearest to an alert first, however different their numbers are', () => {
    const measurements = [
      measured('disk_used_share', disk('nod_1'), 0.8),
      measured('query_p95_ms', {}, 9_900),
      measured('disk_is_used', disk('nod_1'), 1),
      measured('tablets_without_replica', {}, 0),
    ];
    const notJudged = [{ rule: 'clock_difference', labels: null, because: 'no host is attached' }];
    const names = standingsOf(
      watched({
        measured: { at, measurements },
        look: lookAt({ notJudged, pending: [pending({ rule: 'heap_high' })] }),
        alerts: [firing({ rule: 'no_leader' })],
        overrides: [off],
      }),
    ).map(({ rule }) => rule.name);
    expect(names.slice(0, 5)).toEqual([
      'no_leader',
      'heap_high',
      'query_p95_high',
      'disk_nearly_full',
      'clock_difference',
    ]);
    expect(names.indexOf('disk_broken')).toBeGreaterThan(4);
    expect(names.at(-1)).toBe('disk_filling');
    expect(names).toHaveLength(shippedRules.length);
  });

  it('have each a standing and a sentence, whatever is known', () => {
    const names = shippedRules.map(({ name }) => name);
    const given = fc.record({
      fires: fc.subarray(names),
      ripens: fc.subarray(names),
      unknown: fc.subarray(names),
      off: fc.subarray(names),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      lateMs: fc.integer({ min: 0, max: 10_000_000 }),
      isLooked: fc.boolean(),
    });
    fc.assert(
      fc.property(given, ({ fires, ripens, unknown, off: offs, value, lateMs, isLooked }) => {
        const look = lookAt({
          pending: ripens.map((rule) => pending({ rule })),
          notJudged: unknown.map((rule) => ({ rule, labels: null, because: 'it is dark' })),
        });
        const measurements = shippedRules.flatMap(({ on }) =>
          on.kind === 'METRIC' ? [measured(on.metric, {}, value)] : [],
        );
        const found = standingsOf(
          watched({
            ...{ look: isLooked ? look : null, measured: { at, measurements }, now: later(lateMs) },
            alerts: fires.map((rule) => firing({ rule })),
            overrides: offs.map((rule) => override(rule, { isOff: true })),
          }),
        );
        expect(found.map(({ rule }) => rule.name).toSorted()).toEqual(names.toSorted());
        for (const { rule, standing, words } of found) {
          expect(words).toMatch(/\S/);
          if (fires.includes(rule.name)) expect(standing).toBe('FIRING');
          else if (offs.includes(rule.name)) expect(standing).toBe('OFF');
          // What nobody has seen is never called quiet.
          else if (!isLooked || lateMs > 15_000 + 60_000) expect(standing).toBe('UNKNOWN');
        }
        const places = found.map(({ standing }) => ruleStandings.indexOf(standing));
        expect(places.slice(0, fires.length)).toEqual(fires.map(() => 0));
      }),
      { numRuns: 60 },
    );
  });
});
