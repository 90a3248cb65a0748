import { describe, expect, it } from 'vitest';
import { guardNode } from '../../../src/operations/node/steps/guard-node.ts';
import { startNode } from '../../../src/operations/node/steps/power.ts';
import type { Ports } from '../../../src/steps/define.ts';
import { paperCluster, portsOf } from '../../monitor/paper-cluster.ts';

const node = {
  ...{ nodeId: 'nod_9', label: 'be 10.0.0.19:9050', kind: 'BACKEND' as const, host: '10.0.0.19', port: 9050 },
  ...{ hostId: 'hst_1', deployDir: '/opt/be', unit: null },
};
const place = { ...node, stopTimeoutSeconds: 60, hasTablets: true, gateTimeoutSeconds: 60 };

describe('the guard of a shutdown', () => {
  it('lets no node go that has left the cluster, and does not so much as look at what runs there', async () => {
    const { sql } = portsOf(paperCluster());
    const ports: Partial<Ports> = {
      sql: { query: (statement, call) => sql.query({ ...statement, effect: 'read' }, call) },
      node: async () => {
        throw new Error('the host was asked');
      },
    };
    const context = {
      ...{ clusterId: 'clu_1', runId: 'run_1', signal: AbortSignal.timeout(5_000), now: () => new Date(0) },
      ...{ log: () => {}, startedAt: null, attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null },
    };
    const params = { ...place, mates: [], workersOn: null, frontendsOn: null, maySilent: true, whole: true };
    expect(await guardNode.check(params, ports as Ports, context)).toMatchObject({
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: 'It is not in the cluster any more',
    });
  });
});

describe('a start', () => {
  it('takes back before its first try that the node is stopped on purpose', () => {
    const { params } = startNode.with({ ...node, version: '3.4.6' });
    expect(startNode.recordsBefore(params)).toEqual([{ record: 'nodeStarted', nodeId: 'nod_9' }]);
  });
});
