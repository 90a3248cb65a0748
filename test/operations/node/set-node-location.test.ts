import { describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../src/domain/cluster.ts';
import { type LocationFacts, planSetNodeLocation } from '../../../src/operations/node/set-node-location/plan.ts';
import { setNodeLocation } from '../../../src/operations/node/set-node-location/set-node-location.ts';

const clusterId = 'clu_01J00000000000000000000000';

function backend(at: number, changed: Partial<ClusterNode> = {}): ClusterNode {
  return {
    ...{
      id: `nod_${at}`,
      clusterId,
      kind: 'BACKEND',
      host: `10.0.0.${at}`,
      port: 9050,
      httpPort: 8040,
      queryPort: null,
    },
    ...{ role: null, alive: true, decommissioning: false, version: '3.4.6', startedAt: null, tabletCount: 1 },
    ...{ maxDiskUsedPercent: 1, errorMessage: null, location: null, observedAt: new Date(0) },
    ...{ hostId: null, deployDir: null, unit: null },
    ...changed,
  };
}

function facts(changed: Partial<LocationFacts> = {}): LocationFacts {
  return {
    runMode: 'shared_nothing',
    leaderVersion: '3.4.6-abcdef0',
    nodes: [
      { nodeId: 'nod_1', node: backend(1), now: { location: null } },
      { nodeId: 'nod_2', node: backend(2), now: { location: 'rack:r2' } },
    ],
    ...changed,
  };
}

const input = { clusterId, nodeIds: ['nod_1', 'nod_2'], location: 'rack:r2', clear: false };

describe('the plan of setting a location', () => {
  it('labels those that stand elsewhere, one statement for each, and says so', () => {
    expect(planSetNodeLocation(input, facts())).toMatchObject({
      summary: 'Say that 1 backend stands in rack:r2',
      steps: [
        {
          kind: 'labelBackend',
          title: 'Say that be 10.0.0.1:9050 stands in rack:r2',
          params: { host: '10.0.0.1', port: 9050, before: null, location: 'rack:r2' },
        },
      ],
      notes: [expect.stringContaining('moves replicas'), '1 of those named stand there already'],
    });
  });

  it('takes a location away, and says which', () => {
    const planned = planSetNodeLocation({ ...input, location: undefined, clear: true }, facts());
    expect(planned).toMatchObject({
      summary: 'Take the location of 1 backend away',
      steps: [{ title: 'Take the location of be 10.0.0.2:9050 away (rack:r2)' }],
    });
  });

  it.each<[string, Partial<typeof input>, Partial<LocationFacts>, string, RegExp]>([
    ['neither a location nor clear', { location: undefined }, {}, 'INVALID_INPUT', /^Neither a location/],
    ['both', { clear: true }, {}, 'INVALID_INPUT', /taken away as well/],
    ['a node twice', { nodeIds: ['nod_1', 'nod_1'] }, {}, 'INVALID_INPUT', /^nod_1 is named twice/],
    ['shared data', {}, { runMode: 'shared_data' }, 'PRECONDITION_FAILED', /object storage/],
    [
      'an old version',
      {},
      { leaderVersion: '3.2.7' },
      'PRECONDITION_FAILED',
      /from 3\.2\.8 on, and the leader runs 3\.2\.7/,
    ],
    [
      'a build without a number',
      {},
      { leaderVersion: 'MAIN-RELEASE-d094052' },
      'PRECONDITION_FAILED',
      /cannot be told/,
    ],
    ['no leader', {}, { leaderVersion: null }, 'PRECONDITION_FAILED', /the leader says nothing/],
    ['an unknown node', {}, { nodes: [{ nodeId: 'nod_9', node: null, now: null }] }, 'NOT_FOUND', /no node nod_9/],
    [
      'a frontend',
      {},
      { nodes: [{ nodeId: 'nod_1', node: backend(1, { kind: 'FRONTEND' }), now: null }] },
      'INVALID_INPUT',
      /is no backend/,
    ],
    [
      'a backend that has left',
      {},
      { nodes: [{ nodeId: 'nod_1', node: backend(1), now: null }] },
      'NOT_FOUND',
      /in the cluster no more/,
    ],
    [
      'nothing to do',
      {},
      { nodes: [{ nodeId: 'nod_2', node: backend(2), now: { location: 'rack:r2' } }] },
      'PRECONDITION_FAILED',
      /^All of them stand in rack:r2 already/,
    ],
    [
      'nothing to take away',
      { location: undefined, clear: true },
      { nodes: [{ nodeId: 'nod_2', node: backend(2), now: { location: null } }] },
      'PRECONDITION_FAILED',
      /^None of them has a location/,
    ],
  ])('refuses %s', (_name, given, found, code, message) => {
    expect(planSetNodeLocation({ ...input, ...given }, facts(found))).toMatchObject({
      refusals: [{ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\.$/) }],
    });
  });
});

it.each(['RACK:r1', 'rack:r-1', 'rack', 'rack:', ':r1', 'rack:r1,host:h1', '*', 'rack:*', 'a:b:c', 'rack: r1', ''])(
  'does not take %j for a location',
  (location) => {
    const given = { clusterId, nodeIds: ['nod_01J00000000000000000000000'], location };
    expect(setNodeLocation.input.safeParse(given).success).toBe(false);
  },
);
