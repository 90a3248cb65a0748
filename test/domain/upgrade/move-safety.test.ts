import { describe, expect, it } from 'vitest';
import type { ObservedNode } from '../../../src/domain/cluster.ts';
import { type MoveFacts, whyKeepUp, whyNotNow } from '../../../src/domain/upgrade/move-safety.ts';

function node(kind: ObservedNode['kind'], host: string, more: Partial<ObservedNode> = {}): ObservedNode {
  return {
    kind,
    host,
    port: kind === 'FRONTEND' ? 9010 : 9050,
    httpPort: 8030,
    queryPort: null,
    role: kind === 'FRONTEND' ? 'FOLLOWER' : null,
    alive: true,
    decommissioning: false,
    version: '3.4.6-a2f40c9',
    startedAt: '2026-01-01 00:00:00',
    tabletCount: 10,
    maxDiskUsedPercent: 10,
    location: null,
    errorMessage: null,
    ...more,
  };
}

const frontends = [node('FRONTEND', 'f1', { role: 'LEADER' }), node('FRONTEND', 'f2'), node('FRONTEND', 'f3')];
const backends = ['b1', 'b2', 'b3'].map((host) => node('BACKEND', host));

function ask(target: ObservedNode | undefined, more: Partial<MoveFacts> = {}, hasProcess = true) {
  const nodes = more.nodes ?? [...frontends, ...backends];
  const facts: MoveFacts = {
    nodes,
    target,
    mates: [],
    workersOn: null,
    frontendsOn: null,
    unhealthyTablets: 0,
    runningJobs: [],
    ...more,
  };
  return whyNotNow(facts, { hasProcess });
}

const without = (host: string, more: Partial<ObservedNode> = { alive: false }) =>
  [...frontends, ...backends].map((each) => (each.host === host ? { ...each, ...more } : each));

describe('a node that is to be taken away now', () => {
  it('may be, when everything is well', () => {
    for (const target of [...frontends, ...backends]) expect(ask(target)).toBeNull();
  });

  it('may not when it has left the cluster, and waiting would not help', () => {
    expect(ask(undefined)).toMatchObject({ passes: false });
  });

  it('waits while the frontends have no leader', () => {
    expect(ask(backends[0], { nodes: without('f1', { role: 'FOLLOWER' }) })).toMatchObject({
      code: 'QUORUM_AT_RISK',
      passes: true,
    });
  });

  it('waits when its process runs and the cluster does not see it; without a process it takes nothing away', () => {
    const nodes = without('b1');
    const target = nodes.find((each) => each.host === 'b1');
    expect(ask(target, { nodes, unhealthyTablets: 5 })).toMatchObject({ passes: true });
    expect(ask(target, { nodes, unhealthyTablets: 5 }, false)).toBeNull();
  });
});

describe('a frontend', () => {
  it('waits while the others would be no majority without it', () => {
    const nodes = without('f3');
    expect(ask(frontends[1], { nodes })).toMatchObject({ code: 'QUORUM_AT_RISK', passes: true });
    expect(ask(frontends[1], { nodes })?.message).toContain('1 of 3 electable frontends are alive; 2 are needed');
  });

  it('may go when it is an observer, or the only one, whose absence was accepted before', () => {
    const observer = node('FRONTEND', 'f4', { role: 'OBSERVER' });
    expect(ask(observer, { nodes: [...without('f3'), observer] })).toBeNull();
    const alone = node('FRONTEND', 'f1', { role: 'LEADER' });
    expect(ask(alone, { nodes: [alone, ...backends] })).toBeNull();
  });

  it('is not taken to a newer line while a backend lives on the older one', () => {
    expect(ask(frontends[1], { workersOn: '3.5' })).toMatchObject({ code: 'PRECONDITION_FAILED', passes: false });
    const upgraded = [...frontends, ...backends.map((each) => ({ ...each, version: '3.5.0-48f4d81' }))];
    expect(ask(frontends[1], { workersOn: '3.5', nodes: upgraded })).toBeNull();
    const behind = upgraded.map((each) => (each.host === 'b2' ? { ...each, version: '3.4.6' } : each));
    expect(ask(frontends[1], { workersOn: '3.5', nodes: behind })?.message).toContain('be b2:9050 (3.4.6)');
    const gone = behind.map((each) => (each.host === 'b2' ? { ...each, alive: false } : each));
    expect(ask(frontends[1], { workersOn: '3.5', nodes: gone })).toBeNull();
  });
});

describe('a backend', () => {
  it('waits while tablets miss a replica or a backup runs', () => {
    expect(ask(backends[0], { unhealthyTablets: 3 })).toMatchObject({ code: 'REPLICATION_AT_RISK', passes: true });
    expect(ask(backends[0], { runningJobs: ['sales.nightly (backup)'] })?.message).toContain('sales.nightly');
  });

  it('waits while a stranger is down whose replicas are missing, and goes once they are repaired without it', () => {
    const nodes = without('b2');
    expect(ask(backends[0], { nodes, unhealthyTablets: 4 })?.message).toContain('be b2:9050 is down');
    expect(ask(backends[0], { nodes, unhealthyTablets: 0 })).toBeNull();
  });

  it('goes together with its mates, whose replicas are missing meanwhile', () => {
    const nodes = without('b2');
    expect(ask(backends[0], { nodes, unhealthyTablets: 4, mates: ['b1:9050', 'b2:9050'] })).toBeNull();
  });

  it('does not fall behind frontends in a downgrade', () => {
    expect(ask(backends[0], { frontendsOn: '3.3' })).toMatchObject({ passes: false });
    expect(ask(backends[0], { frontendsOn: '3.4' })).toBeNull();
    // One that ran ahead goes back a part of the way: it stays ahead.
    expect(ask(backends[0], { frontendsOn: '3.5' })).toBeNull();
  });
});

describe('a node that failed a gate and is to be put back', () => {
  const keepUp = (target: ObservedNode | undefined, nodes: readonly ObservedNode[], unhealthyTablets = 0) =>
    whyKeepUp({ nodes, target, unhealthyTablets });

  it('is, when the others are well, whatever its own tablets miss', () => {
    for (const target of [...frontends, ...backends]) expect(keepUp(target, [...frontends, ...backends], 7)).toBeNull();
  });

  it('stays up while another backend is away that holds what only the two of them have', () => {
    expect(keepUp(backends[0], without('b3'), 4)).toMatchObject({
      code: 'REPLICATION_AT_RISK',
      message: expect.stringContaining('b3'),
      passes: true,
    });
    expect(keepUp(backends[0], without('b3'), 0)).toBeNull();
  });

  it('stays up while the frontends would lose their majority', () => {
    expect(keepUp(frontends[1], without('f3'))).toMatchObject({ code: 'QUORUM_AT_RISK', passes: true });
  });

  it('is, when it is down already or not in the cluster any more', () => {
    const nodes = without('b3');
    expect(
      keepUp(
        nodes.find(({ host }) => host === 'b3'),
        without('b3'),
        4,
      ),
    ).toBeNull();
    expect(keepUp(undefined, nodes, 4)).toBeNull();
  });
});
