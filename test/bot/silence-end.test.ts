import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Mute } from '../../src/domain/alert.ts';
import { alertFingerprint } from '../../src/domain/alert.ts';
import { insertAlert } from '../../src/store/alerts/alerts.ts';
import { databaseNowPlus, inTransaction, readDatabaseTime } from '../../src/store/database.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
const labels = { node: 'be 10.0.0.11:9050' };
const minute = 60_000;
let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

/** An alert that the last look found and that this silence hides. */
async function hiddenAlert(silence: string, node: string, rule = 'disk_filling'): Promise<void> {
  const { db } = world.ctx;
  const about = { ...labels, node };
  const mute: Mute = { kind: 'SILENCED', by: silence, because: `${silence} by kim` };
  await inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    const condition = {
      ...({ rule, severity: 'HIGH', nodeId: null, labels: about, pastTitle: `${node} was full` } as const),
      fingerprint: alertFingerprint({ clusterId: world.clusters.prod, rule, labels: about }),
      ...{ title: `${node} fills up <!channel>`, text: ['It is full.'], startedAt: at, forMs: 0, minSamples: 1 },
    };
    const cluster = { id: world.clusters.prod, name: 'prod-eu', environment: 'prod' };
    return insertAlert(tx, { cluster, condition, since: at, at, mute });
  });
}

/** Time goes by: a silence that was made so long ago ends in so many minutes. */
async function endsIn(number: number, minutes: number): Promise<void> {
  await world.ctx.db
    .updateTable('silence')
    .set({ created_at: databaseNowPlus(-60 * minute), until_at: databaseNowPlus(minutes * minute) })
    .where('number', '=', number)
    .execute();
}

async function silenceOf(node: string): Promise<void> {
  await world.kim.slash(
    `/sr silence prod-eu --node "${node}" --severity HIGH --for 2h --reason "its disk is changed" --confirm prod-eu`,
    {
      channel: 'sr-demo',
    },
  );
}

const ofSilence = (name: string) => (text: RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => seen.text.includes(`*${name}*`), timeoutMs: 15_000 });

it('ten minutes before its end people are told once what a silence hides and still fires, and extend it', async () => {
  await silenceOf('be 10.0.0.11:9050');
  await world.kim.waitForMessage({ channel: 'sr-demo', text: /S-1.*until/s });
  await hiddenAlert('S-1', 'be 10.0.0.11:9050');
  await endsIn(1, 9);
  await world.stopBot();
  await world.startBot();
  const first = ofSilence('S-1');
  const told = await first(/\*S-1\* \*ends at .*is told again.*1 alert now/);
  expect(told.notified).toMatchObject({ users: [world.kim.user.id], broadcasts: [] });
  expect(told.lines.join('\n')).toMatch(/A-1 \*HIGH\* prod-eu: be 10\.0\.0\.11:9050 fills up/);
  expect(told.elements.map(({ label }) => label)).toEqual(['Extend 1 h', 'End now']);

  await world.kim.click(told, 'silence.extend', { times: 2 });
  await world.kim.waitForMessage({
    channel,
    text: /S-2.*until.*hides 1 open alert now/s,
    where: ({ isEphemeral }) => isEphemeral,
  });
  const extended = await first(/\*S-1\* \*was extended\*: S-2 hides the same until/);
  expect([extended.ts, extended.elements]).toEqual([told.ts, []]);
  const rows = await world.ctx.db.selectFrom('silence').select(['number', 'until_at']).orderBy('number').execute();
  expect(rows.map(({ number }) => number)).toEqual([1, 2]);
  expect((rows[1]?.until_at.getTime() ?? 0) - (rows[0]?.until_at.getTime() ?? 0)).toBe(60 * minute);

  await endsIn(1, -1);
  expect((await first(/\*S-1\* \*is over\*.*S-2 hides the same until/)).ts).toBe(told.ts);
  // What extends it has an end of its own, and is ended from there.
  await world.ctx.db.updateTable('alert').set({ muted_by: 'S-2' }).execute();
  await endsIn(2, 9);
  const second = ofSilence('S-2');
  const next = await second(/\*S-2\* \*ends at/);
  expect(next.ts).not.toBe(told.ts);
  await world.kim.click(next, 'silence.end');
  const over = await second(/\*S-2\* \*is over\*: kim ended it at .*as if it were new/);
  expect(over.elements).toEqual([]);
});

it('nobody is told of the end of a silence that hides nothing that fires', async () => {
  await silenceOf('be 10.0.0.12:9050');
  await world.kim.waitForMessage({ channel: 'sr-demo', text: /S-3.*until/s });
  await endsIn(3, 9);
  await world.stopBot();
  await world.startBot();
  await silenceOf('be 10.0.0.11:9050');
  await world.kim.waitForMessage({ channel: 'sr-demo', text: /S-4.*until/s });
  await hiddenAlert('S-4', 'be 10.0.0.11:9050', 'disk_full');
  await endsIn(4, 9);
  await ofSilence('S-4')(/\*ends at/);
  const all = world.slack.ctl.messages(channel).map(({ content }) => content.text);
  expect(all.filter((text) => text.includes('*S-3*'))).toEqual([]);
  expect(all.filter((text) => text.includes('*S-1*'))).toHaveLength(1);
});
