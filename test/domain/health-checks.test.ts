import { describe, expect, it } from 'vitest';
import type { ObservedNode } from '../../src/domain/cluster.ts';
import { evaluateHealth, type HealthFacts } from '../../src/domain/health-checks.ts';
import { spreadCheck } from '../../src/domain/topology-change/location.ts';

function node(kind: ObservedNode['kind'], host: string, more: Partial<ObservedNode> = {}): ObservedNode {
  return {
    ...{ kind, host, port: kind === 'FRONTEND' ? 9010 : 9050, httpPort: 8030, queryPort: null, alive: true },
    ...{ role: kind === 'FRONTEND' ? 'FOLLOWER' : null, decommissioning: false, version: '3.5.0-48f4d81' },
    ...{ startedAt: '2026-01-01 00:00:00', tabletCount: 10, errorMessage: null },
    maxDiskUsedPercent: kind === 'BACKEND' ? 40 : null,
    location: null,
    ...more,
  };
}

const frontends = [node('FRONTEND', 'f1', { role: 'LEADER' }), node('FRONTEND', 'f2'), node('FRONTEND', 'f3')];
const backends = (...more: Partial<ObservedNode>[]) => more.map((each, at) => node('BACKEND', `b${at + 1}`, each));

function disk(...more: Partial<ObservedNode>[]) {
  const facts: HealthFacts = {
    nodes: [...frontends, ...backends(...more)],
    ...{
      replicas: null,
      repositories: null,
      singleReplicaTables: null,
      spread: spreadCheck(null, []),
      unhealthyHttp: [],
      hosts: [],
      attached: [],
    },
    ...{ failedLogins: [], newestBackupAt: null, now: new Date(0), notAsked: {} },
  };
  const found = evaluateHealth(facts).find(({ name }) => name === 'disk-use');
  return found === undefined ? null : `${found.status} ${found.severity} ${found.observed}`;
}

describe('disk-use', () => {
  const untold = { maxDiskUsedPercent: null };
  const unread = { ...untold, unreadDiskUse: '97;45 %' };

  it('is judged by the fullest disk', () => {
    expect(disk({}, { maxDiskUsedPercent: 84.9 })).toBe('PASS WARN 84.9 % on be b2:9050');
    expect(disk({}, { maxDiskUsedPercent: 85 })).toBe('FAIL WARN 85.0 % on be b2:9050');
    expect(disk({ maxDiskUsedPercent: 97.45 }, {})).toBe('FAIL BLOCK 97.5 % on be b1:9050');
  });

  it('warns of a figure that cannot be read, and shows it', () => {
    expect(disk({}, unread)).toBe('FAIL WARN 40.0 % on be b1:9050; be b2:9050 says "97;45 %", which cannot be read');
    expect(disk(unread)).toBe('FAIL WARN be b1:9050 says "97;45 %", which cannot be read');
    expect(disk(unread, { maxDiskUsedPercent: 96 })).toMatch(/^FAIL BLOCK 96.0 %.*"97;45 %"/);
  });

  it('passes no disk of which a living backend tells nothing', () => {
    expect(disk({}, untold)).toBe('FAIL WARN 40.0 % on be b1:9050; not told by be b2:9050');
    expect(disk({}, { ...untold, alive: false })).toBe('PASS WARN 40.0 % on be b1:9050');
    expect(disk(untold)).toBe('SKIPPED INFO no backend has told');
  });
});
