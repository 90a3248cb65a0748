import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flaws } from '../../sandbox/slack/deliver/forge.ts';
import { redeemLinkCode } from '../../src/store/slack/slack.ts';
import { button, postAsBot, startWorld, type Transport, type World } from './fixture.ts';

const channel = 'sr-demo';

describe('signed requests', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ transport: 'http', worker: false });
  });
  afterAll(() => world.stop());

  it.each([
    ['genuine', [200]],
    ['wrong-secret', [401]],
    ['old', [401]],
    ['future', [401]],
    ['replayed', [200, 401]],
    ['missing-headers', [401]],
    ['altered', [401]],
    ['charset', [200]],
    ['huge', [413]],
    ['duplicate-fields', [400]],
    ['non-utf8', [401]],
    ['unknown-command', [200]],
    ['ssl-check', [200]],
  ] as const)('a request that is %s gets %j', async (flaw, statuses) => {
    const answers = await world.slack.ctl.forge({ flaw });
    expect(answers.map((answer) => answer.status)).toEqual(statuses);
  });

  it('has a test for every flaw that the stand-in knows', () => {
    const elsewhere = ['wrong-team', 'wrong-app', 'bot-user'];
    expect(flaws.filter((flaw) => !elsewhere.includes(flaw))).toHaveLength(13);
  });

  it.each([
    ['wrong-team', 'Only members of this workspace may give orders here'],
    ['bot-user', 'Bots may not give orders here'],
  ] as const)('somebody who is %s is told why nothing is done', async (flaw, why) => {
    const before = world.slack.ctl.messages(channel).length;
    const answers = await world.slack.ctl.forge({ flaw, text: 'clusters' });
    expect(answers.map((answer) => answer.status)).toEqual([200]);
    await expect
      .poll(() =>
        world.slack.ctl
          .messages()
          .slice(before)
          .map((message) => message.content.text)
          .join('\n'),
      )
      .toContain(why);
  });
});

describe.each<Transport>(['socket', 'http'])('strangers over %s', (transport) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ transport, worker: false });
  });
  afterAll(() => world.stop());

  it('a command that is not ours is answered', async () => {
    const { outcome, message } = await world.kim.slash('/deploy prod', { channel });
    expect(outcome).toBe('ok');
    expect(message?.text).toBe('I do not know /deploy. Everything is below `/sr`: type `/sr help`.');
  });

  it('a button that we no longer know is answered', async () => {
    const posted = await postAsBot(world, { channel, elements: [button('old.button', 'anything')] });
    expect((await world.kim.click(posted, 'old.button')).outcome).toBe('ok');
    await world.kim.waitForMessage({ channel, text: 'This button is no longer active' });
  });

  it.each(['', 'run_1', `run_${'0'.repeat(26)} ${'f'.repeat(64)}`, '<!channel>'])(
    'a button with the made-up value %j does nothing',
    async (value) => {
      world.kim.reload();
      const posted = await postAsBot(world, { channel, elements: [button('run.cancel', value)] });
      expect((await world.kim.click(posted, 'run.cancel')).outcome).toBe('ok');
      const answer = await world.kim.waitForMessage({ channel, text: '*Not done*' });
      expect(answer.lines.join('\n')).toMatch(/carries nothing that I know|There is no run/);
      expect(answer.notified.broadcasts).toEqual([]);
    },
  );

  it('somebody who is not linked may ask for help and a link, and nothing else', async () => {
    const dora = await unlinked(world);
    await dora.slash('/sr clusters', { channel });
    await dora.waitForMessage({ channel, text: 'Your Slack account is not linked with a person yet' });
    await dora.slash('/sr help', { channel });
    await dora.waitForMessage({ channel, text: 'Your Slack account is not linked yet' });
    await dora.slash('/sr whoami', { channel });
    await dora.waitForMessage({ channel, text: 'not linked with a person of Starwarden' });
  });

  it('a code links an account once, with the roles of the person who brings it', async () => {
    const dora = await unlinked(world);
    await dora.slash('/sr link', { channel });
    const { text } = await dora.waitForMessage({ channel, text: 'To link this Slack account' });
    const code = /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(text)?.[0] ?? '';
    const { db } = world.ctx;
    const lee = await db.selectFrom('person').select('id').where('name', '=', 'lee').executeTakeFirstOrThrow();
    expect(await redeemLinkCode(db, { code: code.toLowerCase(), personId: lee.id })).toEqual({
      team: world.slack.team.id,
      user: dora.user.id,
    });
    await expect(redeemLinkCode(db, { code, personId: lee.id })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await dora.slash('/sr whoami', { channel });
    await dora.waitForMessage({ channel, text: 'act as *lee*: APPROVER everywhere' });
    await db.deleteFrom('slack_identity').where('slack_user', '=', dora.user.id).execute();
  });

  it('a code that is older than ten minutes links nothing', async () => {
    const dora = await unlinked(world);
    dora.reload();
    await dora.slash('/sr link', { channel });
    const { text } = await dora.waitForMessage({ channel, text: 'To link this Slack account' });
    const code = /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(text)?.[0] ?? '';
    const { db } = world.ctx;
    await db
      .updateTable('slack_link_code')
      .set({ expires_at: new Date(Date.now() - 1_000) })
      .execute();
    await expect(redeemLinkCode(db, { code, personId: 'per_x' })).rejects.toThrow('older than 10 minutes');
  });

  it('no code is kept in clear', async () => {
    const rows = await world.ctx.db.selectFrom('slack_link_code').selectAll().execute();
    for (const row of rows) expect(row.code_hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('a guest is refused even when linked as an ADMIN', async () => {
    await world.slack.person('gus').slash('/sr clusters', { channel });
    await world.slack.person('gus').waitForMessage({ channel, text: 'Guests may not give orders here' });
  });

  it('a channel that is shared with another organisation is refused', async () => {
    await world.kim.slash('/sr clusters', { channel: 'partners' });
    await world.kim.waitForMessage({ channel: 'partners', text: 'shared with another organisation' });
  });

  it('a private channel that the bot cannot see is refused, the direct conversation with it is not', async () => {
    await world.lee.slash('/sr clusters', { channel: 'leads' });
    await world.lee.waitForMessage({ channel: 'leads', text: 'I cannot see this conversation' });
    const direct = world.lee.directChannel();
    await world.lee.slash('/sr clusters', { channel: direct });
    await world.lee.waitForMessage({ channel: direct, text: '*UNKNOWN* `dev-one`' });
  });

  it('a role that was taken away counts at once, and so does a person who was shut out', async () => {
    const { db } = world.ctx;
    await world.ana.slash('/sr clusters', { channel });
    await world.ana.waitForMessage({ channel, text: 'dev-one' });
    const ana = await db.selectFrom('person').select('id').where('name', '=', 'ana').executeTakeFirstOrThrow();
    await db.deleteFrom('role_binding').where('person_id', '=', ana.id).execute();
    world.ana.reload();
    await world.ana.slash('/sr clusters', { channel });
    await world.ana.waitForMessage({ channel, text: 'There is no cluster that you may see' });
    await db.updateTable('person').set({ disabled_at: new Date() }).where('id', '=', ana.id).execute();
    await world.ana.slash('/sr clusters', { channel });
    await world.ana.waitForMessage({ channel, text: 'not linked with a person' });
  });
});

describe.each<Transport>(['socket', 'http'])('haste over %s', (transport) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ transport, worker: false });
  });
  afterAll(() => world.stop());

  it('twenty commands at once are each acknowledged in the time that Slack gives', async () => {
    const sent = Array.from({ length: 20 }, (_, index) =>
      world.kim.slash(index % 2 === 0 ? '/sr status dev-one' : '/sr touch dev-one', { channel }),
    );
    const took = await Promise.all(sent);
    expect(took.map(({ outcome }) => outcome)).toEqual(took.map(() => 'ok'));
  });

  it('a response URL that is used up is replaced by another way', async () => {
    world.kim.reload();
    const release = world.slack.ctl.faults.add({
      method: 'users.info',
      times: 1_000,
      effect: { kind: 'clockJump', ms: 31 * 60_000 },
    });
    // Kim is known; ana is asked for, and by the time Slack has answered her response URL has expired.
    await world.ana.slash('/sr status dev-one', { channel });
    await world.ana.waitForMessage({ channel, text: 'dev-one is UNKNOWN' });
    release();
    expect(world.slack.calls().some((call) => call.method === 'chat.postEphemeral')).toBe(true);
  });
});

/** An ordinary member whom no setting links. */
async function unlinked(world: World) {
  const person = world.slack.person('dan');
  person.user.kind = 'member';
  for (const each of world.slack.channels.values()) each.members.add(person.user.id);
  return person;
}
