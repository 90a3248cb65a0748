import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Severity } from '../../../src/domain/alert.ts';
import { insertAlert } from '../../../src/store/alerts/alerts.ts';
import { inTransaction } from '../../../src/store/database.ts';
import { startWorld, type World } from '../../bot/fixture.ts';

const channel = 'ops-alerts';
const clusters = 50;
const perCluster = 200;
const severityOf = (index: number): Severity => (['CRITICAL', 'HIGH', 'MEDIUM', 'HIGH'] as const)[index % 4] ?? 'HIGH';
let world: World;

beforeAll(async () => {
  // The pace of the product, not that of the tests.
  world = await startWorld({
    worker: false,
    pace: { pollMs: 1_000, postGapMs: 1_000, editGapMs: 1_500, cardGapMs: 3_000 },
  });
});
afterAll(() => world.stop());

const messages = () =>
  world.slack.ctl.messages(channel).filter((message) => message.visibleTo === null && message.threadTs === null);

it('10,000 alerts at once make at most 20 messages in a minute, and each CRITICAL one is told within 60 s', async () => {
  const { db } = world.ctx;
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    await inTransaction(db, async (tx) => {
      for (let index = 0; index < perCluster; index += 1) {
        const at = new Date();
        const condition = {
          ...{ fingerprint: `${cluster}-${index}`.padStart(64, '0'), rule: `rule_${index % 8}`, nodeId: null },
          ...{ severity: severityOf(index), labels: { node: `be ${index}` }, title: `be ${index} is down` },
          ...{ pastTitle: `be ${index} was down`, startedAt: at, forMs: 0, minSamples: 1, text: ['It is down'] },
        };
        const where = { id: world.clusters.prod.replace(/..$/, `${10 + cluster}`), name: `prod-${cluster}` };
        await insertAlert(tx, {
          ...{ cluster: { ...where, environment: 'prod' }, condition, since: at, mute: { kind: 'NONE' as const }, at },
        });
      }
    });
  }
  const untold = async () => {
    const rows = await db
      .selectFrom('alert')
      .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
      .select('alert.id')
      .where('alert_delivery.told_at', 'is', null)
      .execute();
    return rows.length;
  };
  await expect.poll(untold, { timeout: 240_000, interval: 2_000 }).toBe(0);
  const rows = await db
    .selectFrom('alert')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select(['alert.changed_at', 'alert_delivery.told_at'])
    .where('alert.severity', '=', 'CRITICAL')
    .execute();
  const waits = rows.map(({ changed_at, told_at }) => (told_at?.getTime() ?? Number.NaN) - changed_at.getTime());
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  const times = messages().map(({ ts }) => Number(ts));
  for (const at of times)
    expect(times.filter((other) => other >= at && other < at + 60).length).toBeLessThanOrEqual(20);
}, 400_000);
