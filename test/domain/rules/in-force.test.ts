import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bookFor } from '../../../src/domain/rules/book.ts';
import { countsAt, type RuleOverride, type RuleScope, whyNotInForce } from '../../../src/domain/rules/override.ts';
import { findShippedRule, shippedRules } from '../../../src/domain/rules/shipped/index.ts';
import { standingOf } from '../../../src/domain/rules/standing.ts';
import type { WatchedCluster } from '../../../src/domain/rules/watched.ts';
import { at, nodes, override } from './builders.ts';

const rule = findShippedRule('node_down');
if (rule === undefined) throw new Error('there is no rule node_down');
const later = new Date(at.getTime() + 60_000);

type Cluster = { readonly id: string; readonly environment: string; readonly nodeIds: readonly string[] };

/** What is stored of what an override is about. */
function subjectOf({ scope }: RuleOverride, clusters: readonly Cluster[]) {
  const own = clusters.find(({ id }) => 'clusterId' in scope && scope.clusterId === id);
  const isThere = {
    all: true,
    environment: clusters.some((each) => scope.kind === 'environment' && each.environment === scope.environment),
    cluster: own !== undefined,
    node: scope.kind === 'node' && own !== undefined && own.nodeIds.includes(scope.nodeId),
  };
  return { environment: own?.environment ?? null, isThere: isThere[scope.kind] };
}

const environment = fc.constantFrom('prod', 'stage', 'dev');
const clusterId = fc.constantFrom('clu_1', 'clu_2');
const nodeId = fc.constantFrom('nod_1', 'nod_2', 'nod_3');
const scope: fc.Arbitrary<RuleScope> = fc.oneof(
  fc.constant({ kind: 'all' as const }),
  environment.map((of) => ({ kind: 'environment' as const, environment: of })),
  clusterId.map((id) => ({ kind: 'cluster' as const, clusterId: id })),
  fc.record({ kind: fc.constant('node' as const), clusterId, nodeId }),
);
const changes = fc.record({
  isOff: fc.constantFrom(null, true, false),
  severity: fc.constantFrom(null, 'HIGH' as const, 'CRITICAL' as const),
});
const someOverride = fc
  .record({ scope, changes, isOver: fc.boolean(), from: environment, rule: fc.constantFrom(...shippedRules) })
  .map(({ scope: where, changes: what, isOver, from, rule: of }) => ({
    of,
    one: override(of.name, what, {
      scope: where,
      until: isOver ? at : later,
      madeIn: 'clusterId' in where ? from : null,
    }),
  }));
const somewhere = fc.uniqueArray(
  fc.record({ id: clusterId, environment, nodeIds: fc.uniqueArray(nodeId, { minLength: 1 }) }),
  { selector: ({ id }) => id, minLength: 1 },
);

describe('an override', () => {
  it('is said to count exactly where a look counts it on some cluster or node', () =>
    fc.assert(
      fc.property(someOverride, somewhere, ({ of, one }, clusters) => {
        const places = clusters.flatMap((each) =>
          [null, ...each.nodeIds].map((id) => ({
            ...{ clusterId: each.id, environment: each.environment, nodeId: id, at },
          })),
        );
        const because = whyNotInForce(of, one, { at, subject: subjectOf(one, clusters) });
        expect(because === null).toBe(places.some((place) => countsAt(of, one, place)));
      }),
    ));

  it('counts no more once its node has left', () => {
    const one = override(rule.name, { isOff: true }, { scope: { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_9' } });
    const clusters = [{ id: 'clu_1', environment: 'prod', nodeIds: ['nod_1'] }];
    expect(whyNotInForce(rule, one, { at, subject: subjectOf(one, clusters) })).toBe('its node has left the cluster');
  });

  it('says which label its cluster had when it was allowed', () => {
    const one = override(
      rule.name,
      { isOff: true },
      { scope: { kind: 'cluster', clusterId: 'clu_1' }, madeIn: 'stage' },
    );
    const subject = { environment: 'prod', isThere: true };
    expect(whyNotInForce(rule, one, { at, subject })).toBe(
      'it was allowed while the cluster was labelled stage; it is labelled prod now',
    );
    expect(whyNotInForce(null, one, { at, subject })).toBe('there is no such rule any more');
    expect(whyNotInForce(rule, { ...one, madeIn: 'prod' }, { at, subject })).toBeNull();
  });

  it('stands beside its rule on the cluster, with why it counts no more', () => {
    const overrides = [
      override(
        rule.name,
        { isOff: true },
        { scope: { kind: 'node', clusterId: 'clu_1', nodeId: 'nod_9' }, madeIn: 'prod' },
      ),
      override(rule.name, { isOff: true }, { scope: { kind: 'cluster', clusterId: 'clu_1' }, madeIn: 'stage' }),
      override(rule.name, { isOff: true }, { scope: { kind: 'cluster', clusterId: 'clu_2' }, madeIn: 'stage' }),
      override(
        rule.name,
        { severity: 'CRITICAL' },
        { scope: { kind: 'cluster', clusterId: 'clu_1' }, madeIn: 'stage' },
      ),
    ];
    const book = bookFor({ own: [], overrides }, { clusterId: 'clu_1', environment: 'prod', at });
    const cluster = { id: 'clu_1', name: 'prod-eu', environment: 'prod' };
    const watched: WatchedCluster = { cluster, now: at, book, nodes, look: null, measured: null, alerts: [] };
    expect(standingOf(rule, watched)?.notInForce.map(({ because }) => because)).toEqual([
      'its node has left the cluster',
      'it was allowed while the cluster was labelled stage; it is labelled prod now',
    ]);
  });
});
