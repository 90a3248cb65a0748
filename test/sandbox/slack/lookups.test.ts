import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { call, chars, post, quickSlack } from './helpers.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack({ socketMode: true, settings: { rates: 'off', shareDelayMs: 0 } });
});
afterAll(() => slack.stop());

describe('looking things up', () => {
  it('finds its own message again by metadata, which needs asking for', async () => {
    const metadata = { event_type: 'outbox', event_payload: { id: '42' } };
    await post(slack, 'sr-demo');
    const ts = await post(slack, 'sr-demo', { metadata });
    const channel = slack.channelId('sr-demo');
    const bare = await call(slack, 'conversations.history', { channel, limit: 1 });
    expect(bare.body.messages).toMatchObject([{ ts }]);
    expect(JSON.stringify(bare.body.messages)).not.toContain('outbox');
    const full = await call(slack, 'conversations.history', { channel, limit: 1, include_all_metadata: true });
    expect(full.body).toMatchObject({ has_more: true, messages: [{ ts, metadata }] });
  });

  it('reads a thread and pages through a history', async () => {
    await using own = await quickSlack({ settings: { rates: 'off' } });
    const channel = own.channelId('ops-alerts');
    const parent = await post(own, 'ops-alerts');
    const reply = await post(own, 'ops-alerts', { thread_ts: parent });
    const next = await post(own, 'ops-alerts');
    expect((await call(own, 'conversations.replies', { channel, ts: parent })).body.messages).toMatchObject([
      { ts: parent, reply_count: 1 },
      { ts: reply },
    ]);
    const first = await call(own, 'conversations.history', { channel, limit: 1 });
    expect(first.body).toMatchObject({
      messages: [{ ts: next }],
      response_metadata: { next_cursor: expect.stringMatching(/./) },
    });
  });

  it('knows people by id and e-mail, and which are gone', async () => {
    const dan = slack.person('dan').user;
    expect((await call(slack, 'users.info', { user: dan.id })).body).toMatchObject({
      user: { deleted: true, name: 'dan' },
    });
    expect((await call(slack, 'users.lookupByEmail', { email: 'LEE@starfield.example' })).body).toMatchObject({
      user: { name: 'lee' },
    });
    expect((await call(slack, 'users.lookupByEmail', { email: dan.email })).body.error).toBe('users_not_found');
  });

  it('does not list user groups on a free plan', async () => {
    await using free = await quickSlack({ settings: { paidPlan: false } });
    expect((await call(free, 'usergroups.users.list', { usergroup: 'S1' })).body.error).toBe('plan_upgrade_required');
  });

  it('reacts once', async () => {
    const args = { channel: slack.channelId('ops-alerts'), timestamp: await post(slack, 'ops-alerts'), name: 'eyes' };
    expect((await call(slack, 'reactions.add', args)).body.ok).toBe(true);
    expect((await call(slack, 'reactions.add', args)).body.error).toBe('already_reacted');
    expect((await call(slack, 'reactions.add', { ...args, name: 'No!' })).body.error).toBe('invalid_name');
  });
});

describe('uploading a file', () => {
  it('takes three steps, and the share shows a little later', async () => {
    const bytes = Buffer.from('the log');
    const start = (await call(slack, 'files.getUploadURLExternal', { filename: 'run.log', length: bytes.length })).body;
    const id = start.file_id;
    const url = String(start.upload_url);
    const channel_id = slack.channelId('ops-alerts');
    expect((await call(slack, 'files.completeUploadExternal', { files: [{ id }], channel_id })).body.error).toBe(
      'file_not_uploaded',
    );
    expect((await fetch(url, { method: 'POST', body: 'wrong' })).status).toBe(400);
    expect((await fetch(url, { method: 'POST', body: bytes })).status).toBe(200);
    expect(
      (await call(slack, 'files.completeUploadExternal', { files: [{ id }], channel_id: 'ops-alerts' })).body.error,
    ).toBe('invalid_channel');
    await call(slack, 'files.completeUploadExternal', { files: [{ id, title: 'Log' }], channel_id });
    const shared = await slack
      .person('kim')
      .waitForMessage({ channel: '#ops-alerts', where: (message) => message.files.includes('Log') });
    expect((await call(slack, 'files.info', { file: id })).body).toMatchObject({
      file: { channels: [channel_id], title: 'Log' },
    });
    expect(shared.author).toBe('starwarden');
  });

  it('refuses bytes and ids that nobody was given, and uploads that took too long', async () => {
    const { body } = await call(slack, 'files.getUploadURLExternal', { filename: 'a.png', length: 3 });
    const { file_id: id, upload_url: url } = body;
    expect((await fetch(`${slack.url}/upload/F0SWNOBODY`, { method: 'POST', body: 'abc' })).status).toBe(404);
    const complete = async (args: object) => (await call(slack, 'files.completeUploadExternal', args)).body.error;
    expect(await complete({ files: [] })).toBe('invalid_arguments');
    expect(await complete({ files: [{ id: 'F0SWNOBODY' }] })).toBe('file_not_found');
    slack.ctl.clock.advance(30 * 60_000 + 1);
    expect((await fetch(String(url), { method: 'POST', body: 'abc' })).status).toBe(410);
    expect(await complete({ files: [{ id }] })).toBe('file_update_expired');
  });

  it('needs alt text of at most 1,000 characters', async () => {
    const args = (count: number) => ({ filename: 'a.png', length: 1, alt_txt: chars(count) });
    expect((await call(slack, 'files.getUploadURLExternal', args(1_000))).body.ok).toBe(true);
    expect((await call(slack, 'files.getUploadURLExternal', args(1_001))).body.error).toBe('alt_txt_too_large');
  });
});
