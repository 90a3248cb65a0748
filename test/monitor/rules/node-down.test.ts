import { describe, expect, it } from 'vitest';
import { nodeDown } from '../../../src/monitor/rules/node-down.ts';
import { conditionsOf, frontend, node, probe, seen, textsOf, unreachable, unseen } from './builders.ts';

describe('the rule node_down', () => {
  it('finds nothing where every node is alive', () => {
    expect(conditionsOf(nodeDown, seen([node(), frontend(1)]))).toEqual([]);
  });

  it('names the backend, since when, why, and what it means', () => {
    const down = node({ alive: false, errorMessage: 'Connection refused' });
    const nodes = [down, node({ id: 'nod_2', host: '10.0.0.12' }), node({ id: 'nod_3', host: '10.0.0.13' })];
    const [condition] = conditionsOf(nodeDown, seen(nodes));
    expect(condition).toMatchObject({
      title: 'be 10.0.0.11:9050 is down',
      pastTitle: 'be 10.0.0.11:9050 was down',
      severity: 'CRITICAL',
      nodeId: 'nod_1',
      labels: { node: 'be 10.0.0.11:9050' },
    });
    expect(textsOf(nodeDown, seen(nodes))[0]).toBe(
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
    expect(textsOf(nodeDown, seen(nodes))[0]).toBe(
      `The cluster reports it as not alive since 2026-03-01 12:00:05 UTC. ${effect}`,
    );
  });

  it('tells a dead process from lost heartbeats by its HTTP port', () => {
    const down = [node({ alive: false })];
    expect(textsOf(nodeDown, seen(down, [probe({ httpProblem: 'refused', httpFailures: 1 })]))[0]).toContain(
      'Its HTTP port does not answer either.',
    );
    expect(textsOf(nodeDown, seen(down, [probe()]))[0]).toContain(
      'Its HTTP port answers, so the process runs and its heartbeats are lost.',
    );
  });

  it('counts from the silence over HTTP, which comes before the heartbeats are missed', () => {
    const silentSince = new Date('2026-03-01T11:59:45Z');
    const [condition] = conditionsOf(
      nodeDown,
      seen([node({ alive: false })], [probe({ httpProblem: 'refused', httpFailures: 2, silentSince })]),
    );
    expect(condition?.startedAt).toEqual(silentSince);
  });

  it('gives a node that never came up two minutes', () => {
    const [condition] = conditionsOf(nodeDown, seen([frontend(21, { host: 'fd00::21', alive: false, version: null })]));
    expect(condition).toMatchObject({
      title: 'fe [fd00::21]:9010 has never come up',
      pastTitle: 'fe [fd00::21]:9010 had never come up',
      forMs: 120_000,
    });
    expect(conditionsOf(nodeDown, seen([node({ alive: false })]), { forMs: 30_000 })).toMatchObject([
      { forMs: 30_000 },
    ]);
  });

  it('cuts a reason that has no end', () => {
    const [text = ''] = textsOf(nodeDown, seen([node({ alive: false, errorMessage: 'x'.repeat(5_000) })]));
    expect(text.length).toBeLessThan(800);
  });

  it('says nothing of nodes that nobody told', () => {
    expect(nodeDown.configure(undefined).judge('clu_1', unseen(unreachable))).toEqual({
      unjudged: 'the cluster did not tell its nodes',
    });
  });

  it('refuses a time that is none', () => {
    expect(() => nodeDown.configure({ forMs: -1 })).toThrow('forMs');
  });
});
