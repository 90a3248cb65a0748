import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { defineOperation } from '../../../src/operations/define.ts';
import { clusterId } from '../../../src/operations/input/fields.ts';
import { askForRepair, awaitRepaired, cancelRepair } from '../../../src/operations/tablet/repair-table/steps.ts';
import { awaitTabletWhole, markReplicaBad } from '../../../src/operations/tablet/set-replica-bad/steps.ts';
import { submit } from '../../../src/runs/submit.ts';
import type { AnyStepKind } from '../../../src/steps/define.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { fatesOf, workWithFates } from '../../helpers/mortal-worker.ts';
import { sampleOf } from '../../helpers/step-samples.ts';
import { held } from './held.ts';

/*
 * With scripted answers: on a cluster of the sandbox a replica that was set bad is deleted and made anew within a second, so
 * that nobody could die in between.
 */

const kinds = [askForRepair, awaitRepaired, awaitTabletWhole, cancelRepair, markReplicaBad];

const operationOf = (step: AnyStepKind) =>
  defineOperation({
    ...{ name: `do${step.kind}`, title: step.kind, version: 1, summary: 'One step alone.' },
    ...{ permission: 'tablet:repair', risk: 'low', target: { kind: 'cluster', from: 'clusterId' } },
    ...{ input: z.object({ clusterId }), example: { clusterId: 'clu_01J00000000000000000000000' }, slack: null },
    steps: [step],
    observe: async () => null,
    plan: () => ({ summary: 'It is done', steps: [step.spec(sampleOf(step.kind).params)] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ operations: kinds.map(operationOf) });
});
afterAll(() => engine?.close());

/**
 * A table with one tablet of three replicas. One that is set bad is deleted after two looks and made anew, under another id on the
 * same backend, after two more; one that is dead when it begins comes back by itself after some looks.
 */
function table({ isDead }: { isDead: boolean }) {
  const changes: string[] = [];
  let looks = 0;
  const rowsNow = (): SqlRow[] => {
    const isSent = changes.some((text) => text.includes('SET REPLICA STATUS'));
    looks += 1;
    if (!isSent) return replicas(isDead && looks < 5 ? 'DEAD' : 'OK', '10020');
    if (looks < 2) return replicas('DEAD', '10020', 'true');
    return looks < 5 ? replicas('OK', '10020').slice(1) : replicas('OK', '10099');
  };
  const sql: StarRocksSql = {
    query: async ({ name, text, effect }) => {
      if (effect === 'change') {
        changes.push(text);
        looks = 0;
      }
      if (name === 'show-frontends') return [{ ...frontend, Role: 'LEADER' }];
      if (name === 'show-backends') return ['10002', '10003', '10004'].map((id) => ({ ...backend, BackendId: id }));
      return name === 'replica-status' ? rowsNow() : [];
    },
  };
  return { sql, changes };
}

function replicas(status: string, replicaId: string, bad = 'false'): SqlRow[] {
  const row = { TabletId: '10010', Version: '2', CommittedVersion: '2', State: 'NORMAL' };
  return ['10002', '10003', '10004'].map((BackendId, at) => ({
    ...row,
    BackendId,
    ReplicaId: at === 0 ? replicaId : `1003${at}`,
    IsBad: at === 0 ? bad : 'false',
    Status: at === 0 ? status : 'OK',
  }));
}

const backend = {
  ...{ IP: '127.0.0.1', HeartbeatPort: '9050', BePort: '9060', HttpPort: '8040', BrpcPort: '8060', Alive: 'true' },
  ...{ SystemDecommissioned: 'false', ClusterDecommissioned: 'false', TabletNum: '1', ErrMsg: '', Version: '3.4.6-x' },
};
const frontend = {
  ...{ Name: 'a', IP: '127.0.0.1', EditLogPort: '9010', HttpPort: '8030', QueryPort: '9030', RpcPort: '9020' },
  ...{ ClusterId: '1', Join: 'true', Alive: 'true', ReplayedJournalId: '1', IsHelper: 'true', ErrMsg: '' },
};

it.each<[AnyStepKind, { isDead: boolean; changes: readonly RegExp[] }]>([
  [askForRepair, { isDead: true, changes: [/^ADMIN REPAIR TABLE `sales`\.`orders`$/] }],
  [cancelRepair, { isDead: true, changes: [/^ADMIN CANCEL REPAIR TABLE `sales`\.`orders`$/] }],
  [awaitRepaired, { isDead: true, changes: [] }],
  [awaitTabletWhole, { isDead: true, changes: [] }],
  [
    markReplicaBad,
    { isDead: false, changes: [/^ADMIN SET REPLICA STATUS .*tablet_id.*10010.*backend_id.*10002.*bad/] },
  ],
])('$kind has its effect, whatever becomes of its workers', async (kind, { isDead, changes: wanted }) => {
  const { sql, changes } = table({ isDead });
  const input = { clusterId: await engine.addCluster(`alone-${kind.kind.toLowerCase()}`) };
  const { run } = await submit(engine.ctx.engine, { operation: `do${kind.kind}`, input, actor: admin });
  if (run === null) throw new Error('no run');
  const { connections } = engine.ctx.engine;
  const portsFor: typeof connections.portsFor = (id) => ({ ...connections.portsFor(id), sql });
  const own = { ...engine.ctx.engine, connections: { ...connections, portsFor } };
  const alone = { ...engine, ctx: { ...engine.ctx, engine: own } };
  const { met, revision } = await workWithFates(alone, { runId: run.id, fates: fatesOf(kind), limitMs: 120_000 });
  const ended = await engine.until(run.id, ['SUCCEEDED', 'FAILED', 'INTERRUPTED']);
  expect(ended.state, JSON.stringify(ended.failure)).toBe('SUCCEEDED');
  expect(ended.revision, 'one that had slept recorded something').toBe(revision);
  expect(met.toSorted()).toEqual([...fatesOf(kind)].toSorted());
  for (const text of new Set(changes)) expect(wanted.some((pattern) => pattern.test(text))).toBe(true);
  // That a table goes first may be said twice; a replica is set bad once.
  if (kind === markReplicaBad) expect(changes).toHaveLength(1);
  else expect(changes.length > 0).toBe(wanted.length > 0);
});

it('these are the kinds that it says', () => {
  expect(held.tablets).toEqual(kinds.map(({ kind }) => kind));
});
