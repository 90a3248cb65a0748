import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeMetrics } from '../../src/api/http/metrics.ts';
import { submit } from '../../src/runs/submit.ts';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { readDeliveryHealth } from '../../src/store/reads/metrics.ts';
import { startWorld, type World, type WorldOptions } from './fixture.ts';

const channel = 'sr-demo';
let world: World;

async function start(options: WorldOptions = {}) {
  world = await startWorld(options);
  return world;
}

afterEach(async () => {
  await world.stop();
});

/** Messages that everybody sees, thread replies not counted. */
const posted = (name = channel) =>
  world.slack.ctl.messages(name).filter((message) => message.visibleTo === null && message.threadTs === null);

const touch = (steps: string, more = '') => world.kim.slash(`/sr touch dev-one --steps ${steps} ${more}`, { channel });

const card = (text: string | RegExp) =>
  world.kim.waitForMessage({ channel, text, where: (seen) => !seen.isEphemeral && seen.threadTs === null });

describe('the message about a run', () => {
  it('is one, is edited from step to step, and ends with what was checked', async () => {
    await start();
    await touch('one,two,three');
    const first = await card('▶ running: do one (1 of 4, one waits)');
    expect(first.text).toBe('RUNNING: R-1 Touch a cluster on dev-one. Step 1 of 3, do one');
    expect(first.elements.map((each) => each.actionId)).toEqual(['run.pause', 'run.cancel']);
    world.open('one');
    const second = await card('▶ running: do two (1 of 4, two waits)');
    expect(second.lines).toEqual(expect.arrayContaining(['✔ done: do one', '○ waiting: do three']));
    world.open('two', 'three');
    const last = await card(/SUCCEEDED: R-1/);
    expect(last.text).toBe('SUCCEEDED: R-1 Touch a cluster on dev-one. 3 steps done. Checked: looked (fine).');
    expect(last.ts).toBe(first.ts);
    expect(posted()).toHaveLength(1);
    const reply = await world.kim.waitForMessage({
      channel,
      text: '*SUCCEEDED*',
      where: (seen) => seen.threadTs === last.ts,
    });
    expect(reply.text).toMatch(
      /^\*SUCCEEDED\* after \d+ s: R-1 Touch a cluster on dev-one\. Checked: looked \(fine\)\.$/,
    );
    expect(world.slack.ctl.complaints()).toEqual([]);
  });

  it('calls the person who asked when it fails, in the channel too, and nobody else', async () => {
    await start();
    await touch('bad');
    await card('RUNNING');
    world.open('bad');
    const failed = await card(/FAILED: R-1/);
    expect(failed.lines.join('\n')).toContain('*What went wrong* (COMMAND_FAILED): bad <!channel> & broke\nMend it.');
    expect(failed.notified.broadcasts).toEqual([]);
    expect(failed.elements.map((each) => each.actionId)).toEqual(['run.retry']);
    const reply = await world.kim.waitForMessage({
      channel,
      text: '*FAILED*',
      where: (seen) => seen.threadTs === failed.ts,
    });
    expect(reply.notified).toEqual({ users: [world.kim.user.id], groups: [], broadcasts: [], links: [] });
    expect(world.kim.sees(channel).some((seen) => seen.threadTs === failed.ts)).toBe(true);
  });

  it('has buttons that work', async () => {
    await start();
    await touch('one,two');
    await world.kim.click(await card('one waits'), 'run.pause');
    await world.kim.waitForMessage({ channel, text: 'You asked to pause R-1' });
    world.open('one');
    const paused = await card(/PAUSED: R-1/);
    await world.kim.click(paused, 'run.resume');
    await card('two waits');
    await world.kim.slash('/sr cancel R-1 --confirm dev-one the wrong cluster', { channel });
    await world.kim.waitForMessage({ channel, text: 'You asked to cancel R-1' });
    world.open('two');
    const canceled = await card('CANCELED: R-1 Touch a cluster on dev-one. kim asked to cancel it: the wrong cluster');
    expect(canceled.lines).toContain('kim asked to cancel it: the wrong cluster.');
    for (const text of [
      'kim asked to pause it',
      'kim resumed it',
      /kim asked to cancel it .*: the wrong cluster/,
      '*CANCELED*',
    ])
      await world.kim.waitForMessage({ channel, text, where: (seen) => seen.threadTs === canceled.ts });
    await world.lee.click(paused, 'run.cancel', { evenIfGone: true });
    await world.lee.waitForMessage({ channel, text: 'lee may not cancel runs on dev-one' });
  });

  it('goes into the channel of runs when the run was not asked for in Slack', async () => {
    await start();
    const { ctx, clusters } = world;
    const ana = await ctx.db.selectFrom('person').select('id').where('name', '=', 'ana').executeTakeFirstOrThrow();
    const actor = await findActorByPersonId(ctx.db, ana.id, 'API');
    if (actor === null) throw new Error('ana is gone');
    world.open('one');
    const result = await submit(ctx.engine, {
      operation: 'touchCluster',
      input: { clusterId: clusters.dev, steps: ['one'] },
      actor,
    });
    expect(result.userErrors).toEqual([]);
    await world.kim.waitForMessage({ channel: 'ops-alerts', text: /SUCCEEDED: R-1/ });
    expect(posted()).toEqual([]);
  });

  it('about a read-only check that was asked for by API is there only when the check fails', async () => {
    await start();
    const { ctx, clusters } = world;
    const ana = await ctx.db.selectFrom('person').select('id').where('name', '=', 'ana').executeTakeFirstOrThrow();
    const actor = await findActorByPersonId(ctx.db, ana.id, 'API');
    if (actor === null) throw new Error('ana is gone');
    const look = (at: string) =>
      submit(ctx.engine, { operation: 'lookAtCluster', input: { clusterId: clusters.dev, at }, actor });
    world.open('fine');
    expect([(await look('fine')).userErrors, (await look('bad')).userErrors]).toEqual([[], []]);
    world.open('asked');
    await world.kim.slash('/sr look dev-one asked', { channel });
    await card(/SUCCEEDED: R-3 Look at a cluster/);
    // A long one: it was asked for an hour ago.
    await ctx.db
      .updateTable('run')
      .set({ created_at: new Date(Date.now() - 3_600_000) })
      .where('number', '=', 2)
      .execute();
    expect(posted('ops-alerts')).toEqual([]);
    world.open('bad');
    const failed = await world.kim.waitForMessage({ channel: 'ops-alerts', text: /FAILED: R-2/ });
    await world.kim.waitForMessage({
      channel: 'ops-alerts',
      text: '*FAILED*',
      where: (seen) => seen.threadTs === failed.ts,
    });
    const first = await ctx.db.selectFrom('run').select('state').where('number', '=', 1).executeTakeFirstOrThrow();
    expect(first.state).toBe('SUCCEEDED');
    expect(posted('ops-alerts').map(({ ts }) => ts)).toEqual([failed.ts]);
  });

  it('follows the run after a restart of the bot in the middle', async () => {
    await start();
    await touch('one,two');
    const before = await card('one waits');
    await world.stopBot();
    world.open('one', 'two');
    await expect
      .poll(async () => (await world.ctx.db.selectFrom('run').select('state').executeTakeFirst())?.state)
      .toBe('SUCCEEDED');
    await world.startBot();
    expect((await card(/SUCCEEDED: R-1/)).ts).toBe(before.ts);
    expect(posted()).toHaveLength(1);
  });

  it('is made later when the bot died between the run and the message', async () => {
    await start();
    await touch('one');
    await card('one waits');
    await world.stopBot();
    await world.ctx.db.deleteFrom('slack_card').execute();
    await world.startBot();
    await expect.poll(() => posted().length).toBe(2);
    expect(posted().map((message) => message.channel)).toEqual([
      world.slack.channelId(channel),
      world.slack.channelId(channel),
    ]);
  });

  it('is found again when the bot died between sending it and noting that', async () => {
    await start();
    await touch('one');
    const { ts } = await card('one waits');
    await world.stopBot();
    await world.ctx.db
      .updateTable('slack_card')
      .set({ ts: null, state: 'SENDING', shown_revision: 0, claimed_by: 'dead', claimed_until: new Date(0) })
      .execute();
    await world.startBot();
    world.open('one');
    expect((await card(/SUCCEEDED: R-1/)).ts).toBe(ts);
    expect(posted()).toHaveLength(1);
  });

  it('is one also with two bots', async () => {
    await start();
    const second = await world.startSecondBot();
    await touch('one,two');
    await card('one waits');
    world.open('one', 'two');
    const last = await card(/SUCCEEDED: R-1/);
    const reply = () => world.slack.ctl.messages(channel).filter((message) => message.threadTs === last.ts);
    await expect.poll(() => reply().length).toBe(1);
    await sleep(300);
    expect(reply()).toHaveLength(1);
    expect(posted()).toHaveLength(1);
    await second.stop();
  });

  it('is not sent again when nothing changed', async () => {
    await start();
    await touch('one');
    await card('one waits');
    await sleep(300);
    const calls = world.slack.calls().length;
    await world.ctx.db
      .updateTable('run')
      .set((row) => ({ revision: row('revision', '+', 1) }))
      .execute();
    await expect
      .poll(async () => {
        const row = await world.ctx.db
          .selectFrom('slack_card')
          .innerJoin('run', 'run.id', 'slack_card.subject_id')
          .select(['shown_revision', 'revision'])
          .executeTakeFirstOrThrow();
        return row.revision - row.shown_revision;
      })
      .toBe(0);
    expect(
      world.slack
        .calls()
        .slice(calls)
        .map((call) => call.method),
    ).toEqual([]);
  });
});

describe('when Slack misbehaves', () => {
  it('a lost answer to the first message leaves one message', async () => {
    await start();
    world.slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'lostAnswer' } });
    await touch('one');
    world.open('one');
    await card(/SUCCEEDED: R-1/);
    // The run may have ended before the first message was sent: then that one shows the end already, before it is looked up.
    await expect
      .poll(() => world.slack.calls().some((call) => call.method === 'conversations.history'), { timeout: 10_000 })
      .toBe(true);
    await expect
      .poll(async () => (await world.ctx.db.selectFrom('slack_card').select('state').executeTakeFirst())?.state)
      .toBe('SENT');
    expect(posted()).toHaveLength(1);
  });

  it('a lost answer that nobody can look up leaves two at most, and the second says so', async () => {
    await start({ pace: { cardGapMs: 60_000 } });
    world.slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'lostAnswer' } });
    world.slack.ctl.faults.add({
      method: 'conversations.history',
      times: 100,
      effect: { kind: 'error', error: 'missing_scope' },
    });
    await touch('one');
    await card('(may appear twice)');
    expect(posted()).toHaveLength(2);
  });

  it('a lost answer to a reply leaves one reply', async () => {
    await start();
    await touch('one');
    const { ts } = await card('one waits');
    world.slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'lostAnswer' } });
    world.open('one');
    await card(/SUCCEEDED: R-1/);
    await expect
      .poll(async () => (await world.ctx.db.selectFrom('slack_line').select('state').executeTakeFirst())?.state, {
        timeout: 5_000,
      })
      .toBe('SENT');
    expect(world.slack.ctl.messages(channel).filter((message) => message.threadTs === ts)).toHaveLength(1);
  });

  it('a server error on an edit only delays it', async () => {
    await start();
    await touch('one,two');
    await card('one waits');
    world.slack.ctl.faults.add({ method: 'chat.update', times: 1, effect: { kind: 'status', status: 503 } });
    world.open('one', 'two');
    await card(/SUCCEEDED: R-1/);
  });

  it('a rate limit is waited for, to the second', async () => {
    await start();
    await touch('one');
    await card('one waits');
    world.slack.ctl.faults.add({ method: 'chat.update', effect: { kind: 'rateLimited', retryAfter: 2 } });
    const limitedAt = Date.now();
    world.open('one');
    await card(/SUCCEEDED: R-1/);
    expect(Date.now() - limitedAt).toBeGreaterThanOrEqual(1_900);
  });

  it('blocks that Slack refuses are sent as plain text', async () => {
    await start();
    world.slack.ctl.faults.add({ method: 'chat.postMessage', effect: { kind: 'error', error: 'invalid_blocks' } });
    await touch('one');
    const { ts } = await card(/(QUEUED|RUNNING): R-1/);
    const [sent] = posted();
    // The run may have gone on meanwhile, which gave the message new content.
    const plain = sent?.history[0] ?? sent?.content;
    expect(plain).toMatchObject({ text: expect.stringMatching(/^(QUEUED|RUNNING): R-1/), blocks: [] });
    world.open('one');
    expect((await card('✔ done: do one')).ts).toBe(ts); // new content, new chance
  });

  it('a channel that the bot is not in is replaced by the channel of runs', async () => {
    await start();
    world.open('one');
    await world.kim.slash('/sr touch dev-one --steps one', { channel: 'general' });
    await world.kim.waitForMessage({ channel: 'ops-alerts', text: /SUCCEEDED: R-1/ });
  });

  it('a channel that nobody can use is named, and tried again', async () => {
    await start();
    world.slack.ctl.setArchived('ops-alerts', true);
    world.slack.ctl.setArchived(channel, true);
    await world.ctx.db.deleteFrom('slack_identity').execute();
    const { ctx, clusters } = world;
    const ana = await ctx.db.selectFrom('person').select('id').where('name', '=', 'ana').executeTakeFirstOrThrow();
    const actor = await findActorByPersonId(ctx.db, ana.id, 'API');
    if (actor === null) throw new Error('ana is gone');
    await submit(ctx.engine, { operation: 'touchCluster', input: { clusterId: clusters.dev, steps: ['one'] }, actor });
    await expect
      .poll(async () => (await ctx.db.selectFrom('slack_card').select(['state', 'error']).executeTakeFirst()) ?? null)
      .toEqual({ state: 'FAILED', error: 'is_archived' });
    expect(await readDeliveryHealth(ctx.db)).toMatchObject({ unsent: 1, failed: 1 });
    const shown = makeMetrics({ db: ctx.db, log: ctx.log, doorbell: ctx.doorbell });
    const text = await shown.text();
    shown.stop();
    expect(text).toMatch(/^starwarden_slack_messages_unsent\{state="failed"\} 1$/m);
    expect(text).toMatch(/^starwarden_slack_oldest_unsent_seconds [\d.e-]+$/m);
  });

  it('a message that was deleted is posted anew', async () => {
    await start();
    await touch('one,two');
    const { ts } = await card('one waits');
    world.slack.ctl.faults.add({ method: 'chat.update', effect: { kind: 'error', error: 'message_not_found' } });
    world.open('one');
    const again = await card('two waits');
    expect(again.ts).not.toBe(ts);
  });

  it('a socket that Slack recycles is replaced at once', async () => {
    await start();
    const opened = () => world.slack.calls().filter((call) => call.method === 'apps.connections.open').length;
    world.slack.ctl.sockets.disconnect('refresh_requested');
    await expect.poll(opened, { interval: 10 }).toBe(2);
    await world.slack.ctl.sockets.connected();
    await world.kim.slash('/sr status dev-one', { channel });
    await world.kim.waitForMessage({ channel, text: 'dev-one is OK' });
  });

  it('a socket that breaks is replaced', async () => {
    await start();
    world.slack.ctl.sockets.kill();
    await expect
      .poll(() => world.slack.calls().filter((call) => call.method === 'apps.connections.open').length)
      .toBe(2);
    await world.slack.ctl.sockets.connected();
    await world.kim.slash('/sr status dev-one', { channel });
    await world.kim.waitForMessage({ channel, text: 'dev-one is OK' });
  });

  it('a form opens at once while messages wait for a rate limit', async () => {
    await start();
    await world.kim.slash('/sr wipe dev-one', { channel });
    const preview = await world.kim.waitForMessage({ channel, text: 'Wipe it', where: (seen) => seen.isEphemeral });
    const limited = { kind: 'rateLimited', retryAfter: 30 } as const;
    world.slack.ctl.faults.add({ method: 'chat.postMessage', times: 100, effect: limited });
    await touch('one');
    await expect.poll(() => world.slack.calls().some((call) => call.method === 'chat.postMessage')).toBe(true);
    const sent = () =>
      world.slack.calls().filter(({ method, error }) => method === 'chat.postMessage' && error === null);
    const before = sent().length;
    await world.kim.click(preview, 'draft.confirm');
    await world.kim.waitForView({ title: 'Are you sure?' });
    expect(sent()).toHaveLength(before); // the messages still wait
  });

  it('a bot that Slack does not let in keeps the rest running, and comes up when Slack does', async () => {
    await start();
    await world.stopBot();
    world.slack.ctl.setTokenState('bot', 'revoked');
    const starting = world.startBot();
    await sleep(200);
    world.slack.ctl.setTokenState('bot', 'active');
    await starting;
    await world.kim.slash('/sr status dev-one', { channel });
    await world.kim.waitForMessage({ channel, text: 'dev-one is OK' });
  });
});

describe('the pace', () => {
  it('keeps three seconds between two edits of one message, and a second between two posts', async () => {
    await start({
      pace: { postGapMs: 1_000, cardGapMs: 3_000, editGapMs: 1_500 },
      slack: { settings: { channelBurst: 1 } },
    });
    world.open('one', 'two', 'three');
    await touch('one');
    await touch('two');
    await card(/SUCCEEDED: R-1/);
    await world.kim.waitForMessage({ channel, text: /SUCCEEDED: R-2/, timeoutMs: 12_000 });
    const calls = world.slack.calls().filter((call) => ['chat.postMessage', 'chat.update'].includes(call.method));
    expect(calls.map((call) => call.error)).toEqual(calls.map(() => null));
    const times = (method: string) =>
      calls.filter((call) => call.method === method).map((call) => Date.parse(call.time));
    const gaps = (list: number[]) => list.slice(1).map((time, index) => time - (list[index] ?? 0));
    for (const gap of gaps(times('chat.postMessage'))) expect(gap).toBeGreaterThanOrEqual(950);
    for (const gap of gaps(times('chat.update'))) expect(gap).toBeGreaterThanOrEqual(1_450);
    expect(world.slack.ctl.earlyCalls()).toEqual([]);
  });
});
