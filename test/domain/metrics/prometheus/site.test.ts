import { expect, it } from 'vitest';
import { type PrometheusSite, placeOf, type SiteNode } from '../../../../src/domain/metrics/prometheus/site.ts';

const site: PrometheusSite = { clusterLabel: null, instanceLabel: 'instance', scrapeMs: 15_000, clusters: {} };
const node = (id: string, host: string, more: Partial<SiteNode> = {}): SiteNode => ({
  id,
  kind: 'FRONTEND',
  host,
  httpPort: 8030,
  ...more,
});
const nodes = [node('a', '10.0.0.1'), node('b', 'fd00::2'), node('c', '10.0.0.1', { kind: 'BACKEND', httpPort: 8040 })];

function place(more: Partial<PrometheusSite> = {}, of: readonly SiteNode[] = nodes) {
  const found = placeOf({ ...site, ...more }, { name: 'prod-eu', nodes: of, kinds: ['FRONTEND'] });
  if (typeof found === 'string') throw new Error(found);
  return found;
}

it('tells clusters apart by the addresses of their nodes', () => {
  const { matchers, nodeOf } = place();
  expect(matchers).toEqual({ instance: ['10.0.0.1', '10.0.0.1:8030', '[fd00::2]:8030', 'fd00::2'] });
  expect(['10.0.0.1:8030', '10.0.0.1', '[fd00::2]:8030'].map(nodeOf)).toEqual(['a', 'a', 'b']);
  expect(nodeOf('10.0.0.1:8040')).toBeNull();
  expect(nodeOf('10.0.0.9:8030')).toBeUndefined();
});

it('tells them apart by a label, or by what the site says of one', () => {
  expect(place({ clusterLabel: 'cluster' }).matchers).toEqual({ cluster: 'prod-eu' });
  const clusters = { 'prod-eu': { labels: { job: 'StarRocks_Cluster01' }, instances: { '10.0.0.1:8030': 'fe-1' } } };
  const { matchers, nodeOf } = place({ clusterLabel: 'cluster', clusters });
  expect(matchers).toEqual({ job: 'StarRocks_Cluster01' });
  expect(nodeOf('fe-1')).toBe('a');
  expect(nodeOf('10.0.0.1:8030')).toBeUndefined();
});

it('takes an address without a port for no node where several have it', () => {
  const two = [node('a', '10.0.0.1'), node('b', '10.0.0.1', { httpPort: 8031 })];
  const { matchers, nodeOf } = place({}, two);
  expect(matchers).toEqual({ instance: ['10.0.0.1:8030', '10.0.0.1:8031'] });
  expect(nodeOf('10.0.0.1')).toBeNull();
});

it('says why there is nothing to look for', () => {
  const asked = { name: 'prod-eu', nodes: [], kinds: ['FRONTEND'] } as const;
  expect(placeOf(site, asked)).toBe('no node of prod-eu that could have it has an address');
  expect(placeOf({ ...site, clusters: { 'prod-eu': null } }, asked)).toBe(
    'the settings say that prod-eu is not in Prometheus',
  );
});
