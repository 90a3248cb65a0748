import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeMetrics } from '../../src/api/http/metrics.ts';
import { submit } from '../../src/runs/submit.ts';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { readDeliveryHealth } from '../../src/store/reads/metrics.ts';
import { card, channel, posted, start, stop, touch, world } from './card-lab.ts';

afterEach(stop);

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
    await world.kim.waitForMessage({ channel, text: 'dev-one is UNKNOWN' });
  });

  it('a socket that breaks is replaced', async () => {
    await start();
    world.slack.ctl.sockets.kill();
    await expect
      .poll(() => world.slack.calls().filter((call) => call.method === 'apps.connections.open').length)
      .toBe(2);
    await world.slack.ctl.sockets.connected();
    await world.kim.slash('/sr status dev-one', { channel });
    await world.kim.waitForMessage({ channel, text: 'dev-one is UNKNOWN' });
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
    await world.kim.waitForMessage({ channel, text: 'dev-one is UNKNOWN' });
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
