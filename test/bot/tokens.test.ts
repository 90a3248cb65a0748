import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemActor } from '../../src/domain/access.ts';
import { createToken } from '../../src/store/access/people.ts';
import { databaseNowPlus } from '../../src/store/database.ts';
import { findPersonByName } from '../../src/store/reads/persons.ts';
import { startWorld, type World } from './fixture.ts';

const channel = 'ops-alerts';
const dayMs = 86_400_000;
let world: World;
beforeAll(async () => {
  world = await startWorld({ worker: false });
  // Linked by the configuration once they have asked for something.
  await world.kim.slash('/sr whoami', { channel });
  await world.kim.waitForMessage({ channel, text: /act as/ });
});
afterAll(async () => {
  expect(world.slack.ctl.complaints()).toEqual([]);
  await world.stop();
});

/** A token that was made a year ago and ends after so many days. */
async function tokenOf(name: string, label: string, endsInDays: number): Promise<string> {
  const { db } = world.ctx;
  const person = await findPersonByName(db, name);
  if (person === null) throw new Error(`there is no ${name}`);
  const by = { actor: systemActor, requestId: null };
  const { apiToken } = await createToken(db, { personId: person.id, label, expiresInMs: endsInDays * dayMs }, by);
  await db
    .updateTable('api_token')
    .set({ created_at: databaseNowPlus(-350 * dayMs) })
    .where('id', '=', apiToken.id)
    .execute();
  return apiToken.id;
}

/** Time goes by: so many days later, for the token and the message about it. */
async function letDaysPass(id: string, days: number): Promise<void> {
  const { db } = world.ctx;
  const earlier = (column: string) => sql<Date>`${sql.ref(column)} - INTERVAL ${days * 24} HOUR`;
  await db
    .updateTable('api_token')
    .set({ expires_at: earlier('expires_at') })
    .where('id', '=', id)
    .execute();
  await db
    .updateTable('slack_card')
    .set({ created_at: earlier('created_at') })
    .where('subject_id', '=', id)
    .execute();
}

const seen = (text: string | RegExp) => world.kim.waitForMessage({ channel, text });

it('who has a token that ends, and an ADMIN, are told two weeks, three days and a day before, in one thread', async () => {
  await tokenOf('kim', 'laptop', 200);
  const id = await tokenOf('kim', 'nightly', 13.5);
  await world.stopBot();
  await world.startBot();
  const told = await seen(/The API token `nightly` of kim \*ends in 13 days/);
  expect(told.text).toContain('`createToken`');
  expect(told.notified.users.toSorted()).toEqual(
    [world.kim, world.ana, world.slack.person('gus')].map(({ user }) => user.id).toSorted(),
  );
  await letDaysPass(id, 11);
  const later = await world.kim.waitForMessage({
    channel,
    text: /`nightly` of kim \*ends in 2 days/,
    where: ({ threadTs }) => threadTs !== null,
  });
  expect(later.threadTs).toBe(told.ts);
  await letDaysPass(id, 2);
  await world.kim.waitForMessage({
    channel,
    text: /`nightly` of kim \*ends in 1[12] h/,
    where: ({ threadTs }) => threadTs !== null,
  });
  // A newer one of the same label: nobody need do anything any more.
  await tokenOf('kim', 'nightly', 365);
  await seen(/`nightly` of kim is no longer needed/);
  const all = world.slack.ctl.messages(channel).filter(({ content }) => content.text.includes('nightly'));
  expect(all.map(({ threadTs }) => threadTs === null)).toEqual([true, false, false]);
  expect(world.slack.ctl.messages(channel).filter(({ content }) => content.text.includes('laptop'))).toEqual([]);
});

it('/sr tokens shows everybody their own, and all to who manages access', async () => {
  await tokenOf('ana', 'root', 400);
  await world.kim.slash('/sr tokens', { channel });
  const own = await seen(/tokens of the API of yours/);
  expect(own.lines.join('\n')).toMatch(/`nightly` · ends in \d+ h.*there is a newer one of this label/);
  expect(own.lines.join('\n')).not.toContain('root');
  await world.ana.slash('/sr tokens', { channel });
  const all = await world.ana.waitForMessage({ channel, text: /^\d+ tokens of the API: / });
  expect(all.lines.join('\n')).toMatch(/`root` of ana · ends in 399 days/);
  expect(all.lines.join('\n')).toContain('`laptop` of kim');
});
