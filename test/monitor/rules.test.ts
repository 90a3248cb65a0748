import { describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../src/domain/cluster.ts';
import type { NodeProbe } from '../../src/domain/probe.ts';
import { AppError } from '../../src/errors.ts';
import { nodeConditions, problemsOf, unreachableCondition } from '../../src/monitor/rules.ts';

const since = new Date('2026-03-01T12:00:05Z');
const settings = { nodeDownForMs: 0 };

function node(changes: Partial<ClusterNode> = {}): ClusterNode {
  return {
    id: 'nod_1',
    clusterId: 'clu_1',
    kind: 'BACKEND',
    host: '10.0.0.11',
    port: 9050,
    httpPort: 8040,
    queryPort: null,
    role: null,
    alive: true,
    decommissioning: false,
    version: '3.3.15-6c9a3f1',
    startedAt: null,
    tabletCount: 412,
    maxDiskUsedPercent: null,
    errorMessage: null,
    observedAt: since,
    hostId: null,
    deployDir: null,
    unit: null,
    ...changes,
  };
}

function probe(changes: Partial<NodeProbe> = {}): NodeProbe {
  const health = { alive: true, httpProblem: null, httpFailures: 0, silentSince: null };
  return { kind: 'BACKEND', host: '10.0.0.11', port: 9050, ...health, ...changes };
}

const frontend = (last: number, changes: Partial<ClusterNode> = {}) =>
  node({
    id: `nod_fe${last}`,
    kind: 'FRONTEND',
    host: `10.0.0.${last}`,
    port: 9010,
    httpPort: null,
    role: 'FOLLOWER',
    tabletCount: null,
    ...changes,
  });

function textsOf(nodes: readonly ClusterNode[], probes: readonly NodeProbe[] = []): string[] {
  return nodeConditions(nodes, probes, settings).map((condition) => condition.text(since));
}

describe('the rule node_down', () => {
  it('finds nothing where every node is alive', () => {
    expect(nodeConditions([node(), frontend(1)], [], settings)).toEqual([]);
  });

  it('names the backend, since when, why, and what it means', () => {
    const down = node({ alive: false, errorMessage: 'Connection refused' });
    const nodes = [down, node({ id: 'nod_2', host: '10.0.0.12' }), node({ id: 'nod_3', host: '10.0.0.13' })];
    const [condition] = nodeConditions(nodes, [], settings);
    expect(condition).toMatchObject({
      title: 'be 10.0.0.11:9050 is down',
      severity: 'CRITICAL',
      nodeId: 'nod_1',
      labels: { node: 'be 10.0.0.11:9050' },
    });
    expect(condition?.text(since)).toBe(
      'The cluster reports it as not alive since 2026-03-01 12:00:05 UTC: Connection refused. ' +
        '412 tablets there are short of a replica, and those with a single one cannot be read; 2 of 3 backends are alive.',
    );
  });

  it.each([
    [
      'a follower of five',
      [frontend(1, { alive: false }), frontend(2), frontend(3), frontend(4), frontend(5)],
      '4 of 5 electable frontends are alive; its connections go to the others.',
    ],
    [
      'a follower of three',
      [frontend(1, { alive: false }), frontend(2), frontend(3)],
      '2 of 3 electable frontends are alive: if one more fails, the cluster has no leader.',
    ],
    [
      'a second follower of three',
      [frontend(1, { alive: false }), frontend(2, { alive: false }), frontend(3)],
      '1 of 3 electable frontends are alive, fewer than the 2 that a leader needs: nothing can be changed or loaded.',
    ],
    [
      'an observer',
      [frontend(1, { alive: false, role: 'OBSERVER' }), frontend(2)],
      'It is an observer: no vote is lost, only its connections.',
    ],
    [
      'a compute node',
      [node({ kind: 'COMPUTE_NODE', alive: false, httpPort: null }), node({ kind: 'COMPUTE_NODE', host: '10.0.0.22' })],
      'Queries run on the others: 1 of 2 compute nodes are alive.',
    ],
  ])('says what the loss of %s means', (_name, nodes, effect) => {
    expect(textsOf(nodes)[0]).toBe(`The cluster reports it as not alive since 2026-03-01 12:00:05 UTC. ${effect}`);
  });

  it('tells a dead process from lost heartbeats by its HTTP port', () => {
    const down = [node({ alive: false })];
    expect(textsOf(down, [probe({ httpProblem: 'refused', httpFailures: 1 })])[0]).toContain(
      'Its HTTP port does not answer either.',
    );
    expect(textsOf(down, [probe()])[0]).toContain(
      'Its HTTP port answers, so the process runs and its heartbeats are lost.',
    );
  });

  it('counts from the silence over HTTP, which comes before the heartbeats are missed', () => {
    const silentSince = new Date('2026-03-01T11:59:45Z');
    const [condition] = nodeConditions(
      [node({ alive: false })],
      [probe({ httpProblem: 'refused', httpFailures: 2, silentSince })],
      settings,
    );
    expect(condition?.startedAt).toEqual(silentSince);
  });

  it('gives a node that never came up two minutes', () => {
    const [condition] = nodeConditions([node({ alive: false, version: null })], [], settings);
    expect(condition).toMatchObject({ title: 'be 10.0.0.11:9050 has never come up', forMs: 120_000 });
    expect(nodeConditions([node({ alive: false })], [], { nodeDownForMs: 30_000 })).toMatchObject([{ forMs: 30_000 }]);
  });

  it('cuts a reason that has no end', () => {
    const [text = ''] = textsOf([node({ alive: false, errorMessage: 'x'.repeat(5_000) })]);
    expect(text.length).toBeLessThan(800);
  });
});

describe('the rule cluster_unreachable', () => {
  it('is CRITICAL when nobody answers, and says who still answers over HTTP', () => {
    const failure = new AppError('SQL_UNREACHABLE', 'no frontend of the cluster answered');
    const probes = [probe({ kind: 'FRONTEND', httpProblem: 'refused' }), probe(), probe({ httpProblem: 'refused' })];
    const condition = unreachableCondition('clu_1', failure, probes);
    expect(condition).toMatchObject({ severity: 'CRITICAL', title: 'No frontend answers', minSamples: 3 });
    expect(condition.text(since)).toBe(
      'None could be reached over SQL since 2026-03-01 12:00:05 UTC: no frontend of the cluster answered. ' +
        'Over HTTP 0 of 1 frontends, 1 of 2 backends answer. If clients fare the same, nobody can query or load. Alerts about its nodes wait until it answers.',
    );
  });

  it('does not say that nobody answers where a frontend does, and only the leader is away', () => {
    const failure = new AppError('SQL_UNREACHABLE', 'the leader cannot be reached');
    const condition = unreachableCondition('clu_1', failure, [probe({ kind: 'FRONTEND' })], { isAnswering: true });
    expect(condition).toMatchObject({ severity: 'CRITICAL', title: 'The frontends reach no leader' });
    expect(condition.text(since)).toBe(
      'A frontend lets Starwarden in and answers what it knows itself, but none could ask a leader for the nodes since 2026-03-01 12:00:05 UTC: the leader cannot be reached. ' +
        'Over HTTP 1 of 1 frontends answer. As a rule their majority is lost then: nothing can be changed or loaded, and what still can be queried is not known. Alerts about its nodes wait until it answers.',
    );
  });

  it('is HIGH when it is only we who are refused', () => {
    const condition = unreachableCondition('clu_1', new AppError('SQL_AUTH_FAILED', 'wrong password'), []);
    expect(condition).toMatchObject({ severity: 'HIGH', title: 'The cluster cannot be observed' });
    expect(condition.text(since)).toContain('Starwarden is refused since 2026-03-01 12:00:05 UTC: wrong password.');
  });
});

describe('the problems of a cluster that answers', () => {
  it('name a node whose HTTP port failed three times in a row while it is alive', () => {
    const silent = (httpFailures: number) => probe({ httpProblem: 'refused', httpFailures });
    expect(problemsOf([silent(2)], 'fe 10.0.0.1:9010')).toEqual([]);
    expect(problemsOf([silent(3)], 'fe 10.0.0.1:9010')).toEqual([
      'be 10.0.0.11:9050 is alive for the cluster, but its HTTP port failed 3 times in a row: refused',
    ]);
    expect(problemsOf([{ ...silent(3), alive: false }], 'fe 10.0.0.1:9010')).toEqual([]);
  });

  it('name a missing leader', () => {
    expect(problemsOf([], null)).toEqual(['The frontends show no leader']);
  });
});
