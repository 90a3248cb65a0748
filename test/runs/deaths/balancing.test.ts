import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { defineOperation } from '../../../src/operations/define.ts';
import { clusterId } from '../../../src/operations/input/fields.ts';
import { restoreTabletScheduling } from '../../../src/operations/node/steps/scheduling.ts';
import { keepBalancingOff, switchOffBalancing } from '../../../src/operations/tablet/pause-balancing/steps.ts';
import { submit } from '../../../src/runs/submit.ts';
import type { AnyStepKind } from '../../../src/steps/define.ts';
import { listTemporaryChanges } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { fatesOf, workWithFates } from '../../helpers/mortal-worker.ts';
import { held } from './held.ts';

/*
 * With scripted frontends: on a cluster of the sandbox none restarts at the moment at which a worker is to die.
 */

const kinds = [keepBalancingOff, switchOffBalancing];
const lastsMs = 4_000;

const operationOf = (step: AnyStepKind) =>
  defineOperation({
    ...{ name: `do${step.kind}`, title: step.kind, version: 1, summary: 'One step alone.' },
    ...{ permission: 'tablet:repair', risk: 'low', target: { kind: 'cluster', from: 'clusterId' } },
    ...{ input: z.object({ clusterId, until: z.string().meta({ description: 'The end.' }) }), slack: null },
    example: { clusterId: 'clu_01J00000000000000000000000', until: '2027-01-02T14:30:00.000Z' },
    steps: [step, restoreTabletScheduling],
    observe: async () => null,
    plan: ({ until }) => ({ summary: 'It is done', steps: [step.spec({ until, colocate: false })] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine({ operations: kinds.map(operationOf) });
});
afterAll(() => engine?.close());

const balance = 'tablet_sched_disable_balance';
const row = {
  ...{ HttpPort: '8030', QueryPort: '9030', RpcPort: '9020', EditLogPort: '9010', ClusterId: '1', Join: 'true' },
  ...{ Alive: 'true', ReplayedJournalId: '1', IsHelper: 'true', ErrMsg: '', Version: '3.4.6-x' },
};

/** Three frontends of 3.4, each with a value of its own. */
function frontends() {
  const names = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
  const values = new Map(names.map((name) => [name, 'false']));
  const sent: string[] = [];
  const sql: StarRocksSql = {
    query: async ({ name, text, effect }, { route } = {}) => {
      const at = typeof route === 'object' ? route.host : '127.0.0.1';
      if (effect === 'change') {
        sent.push(`${at} ${text}`);
        values.set(at, /"true"|'true'/.test(text) ? 'true' : 'false');
        return [];
      }
      if (name === 'show-frontends')
        return names.map(
          (IP, place): SqlRow => ({
            ...{ ...row, IP, Name: IP, Role: place === 0 ? 'LEADER' : 'FOLLOWER', StartTime: '2027-01-01 00:00:00' },
          }),
        );
      if (!text.includes('FRONTEND CONFIG')) return [];
      return [{ Key: balance, AliasNames: '[]', Value: values.get(at) ?? '', Type: 'boolean', IsMutable: 'true' }];
    },
  };
  return { sql, values, sent };
}

it.each([...kinds])('$kind has its effect, whatever becomes of its workers', async (kind) => {
  const { sql, values, sent } = frontends();
  const input = {
    clusterId: await engine.addCluster(`alone-${kind.kind.toLowerCase()}`),
    until: new Date(Date.now() + lastsMs).toISOString(),
  };
  const { run } = await submit(engine.ctx.engine, { operation: `do${kind.kind}`, input, actor: admin });
  if (run === null) throw new Error('no run');
  const { connections } = engine.ctx.engine;
  const portsFor: typeof connections.portsFor = (id) => ({ ...connections.portsFor(id), sql });
  const own = { ...engine.ctx.engine, connections: { ...connections, portsFor } };
  const alone = { ...engine, ctx: { ...engine.ctx, engine: own } };
  const { met, revision } = await workWithFates(alone, { runId: run.id, fates: fatesOf(kind), limitMs: 60_000 });
  const ended = await engine.until(run.id, ['SUCCEEDED', 'FAILED', 'INTERRUPTED']);
  expect(ended.state, JSON.stringify(ended.failure)).toBe('SUCCEEDED');
  expect(ended.revision, 'one that had slept recorded something').toBe(revision);
  expect(met.toSorted()).toEqual([...fatesOf(kind)].toSorted());
  for (const at of values.keys()) expect(sent.some((text) => text.startsWith(`${at} `))).toBe(true);
  // Only the kind that makes the change has it in the ledger.
  const isTemporary = kind === switchOffBalancing;
  expect([...values.values()]).toEqual(Array(3).fill(isTemporary ? 'false' : 'true'));
  expect((await listTemporaryChanges(engine.ctx.db, run.id)).map(({ state, until }) => ({ state, until }))).toEqual(
    isTemporary ? [{ state: 'RESTORED', until: new Date(input.until) }] : [],
  );
});

it('these are the kinds that it says', () => {
  expect(held.balancing).toEqual(kinds.map(({ kind }) => kind));
});
