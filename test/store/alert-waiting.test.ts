import type { QueryResult, RootOperationNode } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Severity } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNow, inTransaction } from '../../src/store/database.ts';
import { noteWaiting } from '../../src/store/slack/alert-waiting.ts';
import { type Engine, startEngine } from '../helpers/engine.ts';

let engine: Engine;
let clusterId: string;
let made = 0;

beforeAll(async () => {
  engine = await startEngine();
  clusterId = await engine.addCluster('prod-eu', 'prod');
});
afterAll(() => engine?.close());

const noting = { route: () => 'ops-alerts', familyOf: (rule: string) => rule };

async function open(severity: Severity): Promise<string> {
  made += 1;
  const at = new Date();
  const condition = {
    ...{ fingerprint: String(made).padStart(64, '0'), rule: 'node_down', severity, nodeId: null },
    ...{ labels: { node: `be ${made}` }, title: `be ${made} is down`, pastTitle: `be ${made} was down`, startedAt: at },
    ...{ forMs: 0, minSamples: 1, text: ['The heartbeat failed'] },
  };
  const cluster = { id: clusterId, name: 'prod-eu', environment: 'prod' };
  return inTransaction(engine.ctx.db, (tx) =>
    insertAlert(tx, { cluster, condition, since: at, mute: { kind: 'NONE' }, at }),
  );
}

async function clear(): Promise<void> {
  for (const table of ['alert_delivery', 'alert_channel'] as const) await engine.ctx.db.deleteFrom(table).execute();
  await engine.ctx.db.deleteFrom('alert').execute();
}

/** Whoever notes dies after so many statements. */
function mortal(statements: number) {
  let left = statements;
  return engine.ctx.db.withPlugin({
    transformQuery: ({ node }): RootOperationNode => {
      if (left === 0) throw new Error('dead');
      left -= 1;
      return node;
    },
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
  });
}

/** Channels in which something waits that nobody will plan. */
async function forgotten() {
  return engine.ctx.db
    .selectFrom('alert_delivery')
    .leftJoin('alert_channel', (join) =>
      join.onRef('alert_channel.channel', '=', 'alert_delivery.channel').on('alert_channel.due_at', '<=', databaseNow),
    )
    .select('alert_delivery.alert_id')
    .where('alert_delivery.waits_since', 'is not', null)
    .where('alert_channel.channel', 'is', null)
    .execute();
}

it('what waits is in a channel that is due, at whichever statement its noting ended', async () => {
  for (let statements = 0; ; statements += 1) {
    await clear();
    await open('CRITICAL');
    const isDone = await noteWaiting(mortal(statements), noting).then(
      () => true,
      () => false,
    );
    expect(await forgotten(), `dead after ${statements} statements`).toEqual([]);
    await noteWaiting(engine.ctx.db, noting);
    expect(await forgotten()).toEqual([]);
    expect(await engine.ctx.db.selectFrom('alert_delivery').select('alert_id').execute()).toHaveLength(1);
    if (isDone) break;
    expect(statements).toBeLessThan(50);
  }
});

it('what becomes worse while it waits waits as what it is now', async () => {
  await clear();
  const id = await open('MEDIUM');
  await noteWaiting(engine.ctx.db, noting);
  await engine.ctx.db.updateTable('alert').set({ severity: 'CRITICAL' }).where('id', '=', id).execute();
  await noteWaiting(engine.ctx.db, noting);
  const rows = await engine.ctx.db.selectFrom('alert_delivery').select(['alert_id', 'severity']).execute();
  expect(rows).toEqual([{ alert_id: id, severity: 'CRITICAL' }]);
});

it('where no alert has a channel none is read for that, and what becomes configured is noted', async () => {
  await clear();
  const id = await open('LOW');
  const nowhere = {
    ...noting,
    isAnywhere: false,
    route: () => {
      throw new Error('was asked');
    },
  };
  await noteWaiting(engine.ctx.db, nowhere);
  expect(await engine.ctx.db.selectFrom('alert_delivery').select('alert_id').execute()).toEqual([]);
  await noteWaiting(engine.ctx.db, { ...noting, isAnywhere: true });
  expect(await engine.ctx.db.selectFrom('alert_delivery').select('alert_id').execute()).toEqual([{ alert_id: id }]);
});
