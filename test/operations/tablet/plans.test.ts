import { describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../src/domain/cluster.ts';
import type { TableReplica } from '../../../src/domain/tablets/replicas.ts';
import { planRepairTable } from '../../../src/operations/tablet/repair-table/plan.ts';
import { type BadReplicaFacts, planSetReplicaBad } from '../../../src/operations/tablet/set-replica-bad/plan.ts';
import { markReplicaBad } from '../../../src/operations/tablet/set-replica-bad/steps.ts';
import type { Ports } from '../../../src/steps/define.ts';
import { sampleOf } from '../../helpers/step-samples.ts';

const clusterId = 'clu_01J00000000000000000000000';
const node: ClusterNode = {
  ...{ id: 'nod_1', clusterId, kind: 'BACKEND', host: '10.0.0.1', port: 9050, httpPort: 8040, queryPort: null },
  ...{ role: null, alive: true, decommissioning: false, version: '3.4.6', startedAt: null, tabletCount: 1 },
  ...{ maxDiskUsedPercent: 1, errorMessage: null, location: null, observedAt: new Date(0) },
  ...{ hostId: null, deployDir: null, unit: null },
};
function replica(backendId: string, status = 'OK'): TableReplica {
  const id = `7${backendId}`;
  return { tabletId: '10', replicaId: id, backendId, status, isBad: false, version: 2, committedVersion: 2 };
}
const replicas = ['1', '2', '3'].map((id) => replica(id));

describe('the plan of a repair', () => {
  const input = { database: 'sales', table: 'orders', timeoutMinutes: 60 };

  it('asks for it and waits, and says how the table is', () => {
    expect(planRepairTable(input, [replica('1', 'DEAD'), replica('2'), replica('3')])).toMatchObject({
      summary: 'Have sales.orders repaired before other tables',
      steps: [{ kind: 'askForRepair' }, { kind: 'awaitRepaired', params: { timeoutMinutes: 60 } }],
      notes: ['1 of 1 tablet not whole: 1 replica DEAD'],
    });
  });

  it.each([
    ['a table that is not there', null, 'NOT_FOUND', /no table sales\.orders/],
    ['a table that is whole', replicas, 'PRECONDITION_FAILED', /all of 1 tablet whole/],
  ] as const)('refuses %s', (_name, found, code, message) => {
    expect(planRepairTable(input, found)).toMatchObject({
      refusals: [{ code, message: expect.stringMatching(message), hint: expect.any(String) }],
    });
  });
});

describe('the plan of setting a replica bad', () => {
  const input = { tablet: '10', nodeId: 'nod_1', timeoutMinutes: 60 };
  const facts: BadReplicaFacts = {
    ...{ node, backendId: '1', table: { database: 'sales', table: 'orders' }, replicas },
    staying: new Set(['1', '2', '3', '4']),
  };

  it('names the replica by its id, so that one that was made anew meanwhile is not touched', () => {
    expect(planSetReplicaBad(input, facts)).toMatchObject({
      summary: 'Have the replica of tablet 10 (sales.orders) on be 10.0.0.1:9050 deleted and made anew',
      steps: [
        { kind: 'markReplicaBad', params: { replicaId: '71', backendId: '1', replicaCount: 3 } },
        { kind: 'awaitTabletWhole' },
      ],
      notes: ['Until it is made anew, the tablet has one replica less'],
    });
  });

  it('says that it comes back to the same backend where there is no other', () => {
    expect(planSetReplicaBad(input, { ...facts, staying: new Set(['1', '2', '3']) })).toMatchObject({
      notes: [expect.any(String), expect.stringContaining('on be 10.0.0.1:9050 itself')],
    });
  });

  it.each<[string, Partial<BadReplicaFacts>, string, string]>([
    ['an unknown node', { node: null, backendId: null }, 'NOT_FOUND', 'nodeId'],
    ['a node that is no backend now', { backendId: null }, 'NOT_FOUND', 'nodeId'],
    ['an unknown tablet', { table: null }, 'NOT_FOUND', 'tablet'],
    ['one of two replicas', { replicas: replicas.slice(0, 2) }, 'REPLICATION_AT_RISK', 'tablet'],
    [
      'a tablet with another replica that is not well',
      { replicas: [...replicas.slice(0, 2), replica('3', 'DEAD')] },
      'REPLICATION_AT_RISK',
      'tablet',
    ],
  ])('refuses %s', (_name, changed, code, field) => {
    expect(planSetReplicaBad(input, { ...facts, ...changed })).toEqual({
      refusals: [{ code, message: expect.any(String), hint: expect.any(String), path: ['input', field] }],
    });
  });
});

it('a replica that was made anew on the same backend is not set bad, though the statement would name it', async () => {
  const sent: string[] = [];
  const rows = ['1', '2', '3'].map((BackendId) => ({
    ...{ TabletId: '10', ReplicaId: `9${BackendId}`, BackendId, Status: 'OK', IsBad: 'false' },
    ...{ Version: '2', CommittedVersion: '2' },
  }));
  const sql = {
    query: async ({ name, effect }: { readonly name: string; readonly effect: string }) => {
      if (effect === 'change') sent.push(name);
      return name === 'replica-status' ? rows : [];
    },
  };
  const context = {
    ...{ runId: 'run_1', clusterId, signal: AbortSignal.timeout(5_000), log: () => {}, attempts: 1, applied: false },
    ...{ now: () => new Date(0), startedAt: null, waitingLanes: 0, earlier: async () => null },
  };
  const params = sampleOf(markReplicaBad.kind).params;
  const named = { ...params, tabletId: '10', backendId: '1', replicaId: '71' };
  await expect(markReplicaBad.apply(named, { sql } as unknown as Ports, context)).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
  });
  expect(sent).toEqual([]);
});
