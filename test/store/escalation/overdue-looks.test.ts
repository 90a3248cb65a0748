import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultAlertTimes } from '../../../src/domain/alert-life.ts';
import { raiseOverdueLooks } from '../../../src/monitor/overdue-looks.ts';
import { looksLate } from '../../../src/monitor/rules/looks-late.ts';
import { claimProbe } from '../../../src/store/probes/probes.ts';
import { recordSample } from '../../../src/store/probes/record-sample.ts';
import { type Engine, startEngine } from '../../helpers/engine.ts';
import { createVirtualClock } from '../../helpers/virtual-clock.ts';

const clock = createVirtualClock();
let engine: Engine;
let clusterId: string;

beforeAll(async () => {
  engine = await startEngine({ plugins: [clock.plugin] });
  clusterId = await engine.addCluster('prod-eu', 'prod');
});
afterAll(() => engine?.close());

const pass = (seconds: number) => clock.moveTo(new Date(clock.now().getTime() + seconds * 1_000));
const watch = () =>
  raiseOverdueLooks(
    { db: engine.ctx.db, log: pino({ level: 'silent' }), doorbell: { changed: () => {} } },
    { everyMs: 15_000, overdueMs: 60_000 },
  );
const alerts = () =>
  engine.ctx.db.selectFrom('alert').select(['rule', 'severity', 'signal_state', 'revision']).execute();

async function claim() {
  const claimed = await claimProbe(engine.ctx.db, { clusterId, holder: 'one', claimMs: 15_000, nextInMs: 15_000 });
  if (claimed === null) throw new Error('somebody else has it');
  return claimed;
}

async function look() {
  const outcome = {
    ...{ durationMs: 1, ok: true, problem: null, leader: null, nodes: [] },
    sample: { conditions: [], unjudged: [], plannedWork: [] },
  };
  const policy = { times: defaultAlertTimes, rules: [looksLate] };
  await recordSample(engine.ctx.db, { claim: await claim(), outcome, look: null, policy });
}

it('a cluster at which nobody looks any more has one alert, and none once somebody does', async () => {
  await look();
  pass(50);
  await watch();
  expect(await alerts()).toEqual([]);
  await claim(); // by somebody who hangs and never gives it back
  pass(20);
  await Promise.all([watch(), watch()]);
  await watch();
  expect(await alerts()).toMatchObject([{ rule: 'looks_late', severity: 'HIGH', signal_state: 'FIRING' }]);
  const [before] = await alerts();
  pass(600);
  await watch();
  expect(await alerts()).toEqual([before]);
  await look();
  await watch();
  expect(await alerts()).toMatchObject([{ rule: 'looks_late', signal_state: 'RESOLVED' }]);
  // It hangs once more: the same alert.
  pass(300);
  await watch();
  expect(await alerts()).toMatchObject([{ rule: 'looks_late', signal_state: 'FIRING' }]);
});

it('a cluster of which the row is damaged has the alert, and keeps no other one from having it', async () => {
  const { db } = engine.ctx;
  await db.deleteFrom('alert').execute();
  const ids = await Promise.all(['dam-1', 'dam-2', 'dam-3'].map((name) => engine.addCluster(name, 'prod')));
  await db
    .updateTable('cluster')
    .set({ seeds: '{' })
    .where('id', '=', ids[0] ?? '')
    .execute();
  await db
    .updateTable('cluster')
    .set({ tls: '[' })
    .where('id', '=', ids[1] ?? '')
    .execute();
  pass(600);
  await watch();
  const rows = await db.selectFrom('alert').select('cluster_id').where('rule', '=', 'looks_late').execute();
  expect(rows.map(({ cluster_id }) => cluster_id).toSorted()).toEqual([clusterId, ...ids].toSorted());
});
