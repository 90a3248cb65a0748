import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemActor } from '../../src/domain/access.ts';
import { newId } from '../../src/ids.ts';
import { databaseNow, databaseNowPlus } from '../../src/store/database.ts';
import { overrideOnCall } from '../../src/store/escalation/on-call-overrides.ts';
import { setRotation } from '../../src/store/escalation/rotations.ts';
import { setRoute } from '../../src/store/escalation/routes.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
const hourMs = 3_600_000;
const scope = { kind: 'all' } as const;
const reason = 'somebody has to come';
let world: World;
let persons: { kim: string; otto: string; paul: string };

beforeAll(async () => {
  world = await startWorld({ worker: false });
  const { db } = world.ctx;
  // Linked by the configuration once they have asked for something.
  await world.kim.slash('/sr whoami', { channel });
  await world.kim.waitForMessage({ channel, text: /act as/ });
  const unlinked = ['otto', 'paul'].map((name) => ({ id: newId('per'), name, created_at: databaseNow }));
  await db.insertInto('person').values(unlinked).execute();
  const idOf = async (name: string) => (await findPersonByName(db, name))?.id ?? '';
  persons = { kim: await idOf('kim'), otto: await idOf('otto'), paul: await idOf('paul') };
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

const by = () => ({
  ...{ actor: systemActor, requestId: null, approvalEnvironments: ['prod'] },
  ...{ defaultChannel: world.slack.channelId(channel), linkedNames: ['kim'] },
});

/** The turn of the two who have no account begins in so many hours and lasts two days; the next one is six days later. */
async function gapBeginsIn(hours: number): Promise<void> {
  const startsAt = new Date(Date.now() + (hours - 48) * hourMs).toISOString().slice(0, 16);
  const personIds = [persons.kim, persons.otto, persons.paul];
  const turns = { name: 'dba', scope, personIds, startsAt, timeZone: 'UTC', shiftHours: 48, reason };
  await setRotation(world.ctx.db, turns, by());
}

/** A minute goes by. */
async function compareAgain(): Promise<void> {
  await world.ctx.db
    .updateTable('slack_card')
    .set({ checked_at: databaseNowPlus(-120_000) })
    .where('kind', '=', 'GAP')
    .execute();
}

const lookAnew = async () => {
  await world.stopBot();
  await world.startBot();
};
const told = () => world.slack.ctl.messages(channel).filter(({ content }) => content.text.includes('of the rotation'));
const reply = (text: RegExp) => world.kim.waitForMessage({ channel, text, where: ({ threadTs }) => threadTs !== null });

it('ADMINs are told three days and a day before nobody is called and when it begins, until somebody is, and of the next time anew', async () => {
  await gapBeginsIn(47);
  await lookAnew();
  // No route calls it: nobody need be told.
  expect(told()).toEqual([]);
  const definition = {
    ...{ channel: null, secondChannel: null, fallbackChannel: null, rotation: 'dba' },
    ...{ userGroup: null, managerGroup: null, webhook: null, workingHours: null },
  };
  await setRoute(world.ctx.db, { scope, leastSeverity: 'MEDIUM', definition, reason }, by());
  const second = await world.startSecondBot();
  await lookAnew();
  const first = await world.kim.waitForMessage({
    channel,
    text: /\*From .* until .* a call of the rotation `dba` reaches nobody\*: otto and paul have no Slack account here/,
  });
  await second.stop();
  const admins = [world.ana, world.slack.person('gus')].map(({ user }) => user.id).toSorted();
  expect(first.notified.users.toSorted()).toEqual(admins);

  await gapBeginsIn(12);
  await compareAgain();
  const later = await reply(/\*From .* a call of the rotation `dba` reaches nobody/);
  expect([later.threadTs, later.notified.users.toSorted()]).toEqual([first.ts, admins]);
  await gapBeginsIn(-2);
  await compareAgain();
  await reply(/\*Now until .* a call of the rotation `dba` reaches nobody/);

  const until = new Date(Date.now() + 50 * hourMs);
  const turn = { rotation: 'dba', personId: persons.kim, from: null, until, reason: 'I take it' };
  await overrideOnCall(world.ctx.db, turn, by());
  await compareAgain();
  await world.kim.waitForMessage({ channel, text: /`dba` would have reached nobody is closed, or over\./ });

  await gapBeginsIn(68);
  await lookAnew();
  await expect.poll(() => told().map(({ threadTs }) => threadTs === null)).toEqual([true, false, false, true]);

  // What nobody can read any more is never taken for a time that is closed.
  await world.ctx.db.updateTable('on_call_rotation').set({ definition: '{' }).where('open_name', '=', 'dba').execute();
  await compareAgain();
  const unread = await reply(
    /\*Now a call of the rotation `dba` reaches nobody\*: what is stored of it cannot be read/,
  );
  expect(unread.threadTs).toBe(told().filter(({ threadTs }) => threadTs === null)[1]?.ts);
});
