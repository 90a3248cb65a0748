import { describe, expect, it } from 'vitest';
import type { ObservedNode } from '../../src/domain/cluster.ts';
import { type RestartFacts, restartRefusals } from '../../src/domain/restart-safety.ts';

function node(kind: ObservedNode['kind'], host: string, more: Partial<ObservedNode> = {}): ObservedNode {
  const port = kind === 'FRONTEND' ? 9010 : 9050;
  return {
    kind,
    host,
    port,
    httpPort: 8030,
    queryPort: null,
    role: kind === 'FRONTEND' ? 'FOLLOWER' : null,
    alive: true,
    decommissioning: false,
    version: '3.3.15-abc',
    startedAt: '2026-01-01 00:00:00',
    tabletCount: 10,
    maxDiskUsedPercent: 10,
    location: null,
    errorMessage: null,
    ...more,
  };
}

const fe = (n: number, more: Partial<ObservedNode> = {}) => node('FRONTEND', `10.0.0.${n}`, more);
const be = (n: number, more: Partial<ObservedNode> = {}) => node('BACKEND', `10.0.1.${n}`, more);
const facts = (nodes: ObservedNode[], more: Partial<RestartFacts> = {}): RestartFacts => ({
  nodes,
  unhealthyTablets: 0,
  singleReplicaTables: [],
  runningJobs: [],
  ...more,
});
const codes = (target: ObservedNode, given: RestartFacts, acceptDowntime = false) =>
  restartRefusals(target, given, { acceptDowntime }).map((refusal) => refusal.code);

describe('restarting a frontend', () => {
  it.each([
    ['three followers, all alive', [fe(1, { role: 'LEADER' }), fe(2), fe(3)], []],
    ['the leader of three', [fe(2, { role: 'LEADER' }), fe(1), fe(3)], []],
    [
      'three followers, one of the others down',
      [fe(1, { role: 'LEADER' }), fe(2), fe(3, { alive: false })],
      ['QUORUM_AT_RISK'],
    ],
    ['two followers', [fe(1, { role: 'LEADER' }), fe(2)], ['QUORUM_AT_RISK']],
    ['a lone frontend', [fe(1, { role: 'LEADER' })], ['QUORUM_AT_RISK']],
    ['observers do not vote', [fe(1, { role: 'LEADER' }), fe(2), fe(3, { role: 'OBSERVER' })], ['QUORUM_AT_RISK']],
    ['five with one down', [fe(1), fe(2, { role: 'LEADER' }), fe(3), fe(4), fe(5, { alive: false })], []],
    [
      'five with two down',
      [fe(1), fe(2, { role: 'LEADER' }), fe(3), fe(4, { alive: false }), fe(5, { alive: false })],
      ['QUORUM_AT_RISK'],
    ],
  ])('%s', (_what, nodes, wanted) => {
    expect(codes(nodes[0] ?? fe(1), facts(nodes))).toEqual(wanted);
  });

  it('an observer may always go', () => {
    expect(
      codes(
        fe(3, { role: 'OBSERVER' }),
        facts([fe(1, { role: 'LEADER' }), fe(2, { alive: false }), fe(3, { role: 'OBSERVER' })]),
      ),
    ).toEqual([]);
  });

  it('a lone frontend may go when the downtime is accepted, but never one of two', () => {
    expect(codes(fe(1, { role: 'LEADER' }), facts([fe(1, { role: 'LEADER' })]), true)).toEqual([]);
    expect(codes(fe(1), facts([fe(1), fe(2, { role: 'LEADER' })]), true)).toEqual(['QUORUM_AT_RISK']);
  });

  it('that is down may be started whatever the others do', () => {
    expect(codes(fe(1, { alive: false }), facts([fe(1, { alive: false }), fe(2, { alive: false })]))).toEqual([]);
  });
});

describe('restarting a backend', () => {
  it.each<[string, RestartFacts, string[]]>([
    ['everything well', facts([be(1), be(2), be(3)]), []],
    ['another backend down', facts([be(1), be(2, { alive: false }), be(3)]), ['REPLICATION_AT_RISK']],
    ['tablets miss replicas', facts([be(1), be(2)], { unhealthyTablets: 4 }), ['REPLICATION_AT_RISK']],
    ['nobody knows about replicas', facts([be(1), be(2)], { unhealthyTablets: null }), ['REPLICATION_AT_RISK']],
    [
      'a table with one replica there',
      facts([be(1), be(2)], { singleReplicaTables: ['db.t'] }),
      ['REPLICATION_AT_RISK'],
    ],
    ['a backup runs', facts([be(1), be(2)], { runningJobs: ['db.s (backup)'] }), ['PRECONDITION_FAILED']],
  ])('%s', (_what, given, wanted) => {
    expect(codes(be(1), given)).toEqual(wanted);
  });

  it('accepting downtime permits an absence, never a second failure', () => {
    expect(codes(be(1), facts([be(1), be(2)], { singleReplicaTables: ['db.t'] }), true)).toEqual([]);
    expect(codes(be(1), facts([be(1), be(2)], { unhealthyTablets: 1 }), true)).toEqual(['REPLICATION_AT_RISK']);
    expect(codes(be(1), facts([be(1), be(2, { alive: false })]), true)).toEqual(['REPLICATION_AT_RISK']);
  });

  it('the only compute node may not go unless that is meant', () => {
    const cn = node('COMPUTE_NODE', '10.0.2.1');
    expect(codes(cn, facts([fe(1), cn]))).toEqual(['REPLICATION_AT_RISK']);
    expect(codes(cn, facts([fe(1), cn]), true)).toEqual([]);
    expect(codes(cn, facts([fe(1), cn, node('COMPUTE_NODE', '10.0.2.2')]))).toEqual([]);
  });
});
