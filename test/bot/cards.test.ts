import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { submit } from '../../src/runs/submit.ts';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { card, channel, posted, start, stop, touch, world } from './card-lab.ts';

afterEach(stop);

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

  it('says once, ten minutes after its end, what became of the alerts that it hid', async () => {
    await start();
    await touch('one');
    world.open('one');
    const last = await card(/SUCCEEDED: R-1/);
    const { db } = world.ctx;
    const [run] = await db.selectFrom('run').select(['id', 'cluster_id']).execute();
    if (run === undefined) throw new Error('there is no run');
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    const hidden = { run_id: run.id, cluster_id: run.cluster_id ?? '', rule: 'node_down', labels: '{}' };
    await db
      .insertInto('hidden_by_run')
      .values({
        ...{ ...hidden, fingerprint: 'f'.repeat(64), cleared_at: minutesAgo(10) },
        ...{ hidden_at: minutesAgo(12), covered_at: minutesAgo(11) },
      })
      .execute();
    await db
      .updateTable('run')
      .set({ finished_at: minutesAgo(11) })
      .execute();
    await db
      .updateTable('slack_card')
      .set({ checked_at: minutesAgo(2), due_at: minutesAgo(1) })
      .execute();
    const text = '*ALERTS* 1 alert hidden while it worked: 1 cleared by itself.';
    await world.kim.waitForMessage({ channel, text, where: (seen) => seen.threadTs === last.ts });
    await db
      .updateTable('slack_card')
      .set({ checked_at: minutesAgo(2), due_at: minutesAgo(1) })
      .execute();
    await sleep(300);
    const thread = world.kim.sees(channel).find((each) => each.ts === last.ts)?.thread ?? [];
    expect(thread.filter((each) => each.text === text)).toHaveLength(1);
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
