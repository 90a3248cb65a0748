import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { call, chars, post, quickSlack, section, times } from './helpers.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack({ socketMode: true, settings: { rates: 'off', shareDelayMs: 0 } });
});
afterAll(() => slack.stop());

describe('where the bot may write', () => {
  it.each([
    ['general', 'not_in_channel'],
    ['leads', 'channel_not_found'],
    ['old-incident', 'is_archived'],
    ['announcements', 'restricted_action'],
  ])('does not include #%s', async (name, error) => {
    expect((await call(slack, 'chat.postMessage', { channel: slack.channelId(name), text: 'x' })).body.error).toBe(
      error,
    );
  });

  it('takes ids, not names', async () => {
    expect((await call(slack, 'chat.postMessage', { channel: '#ops-alerts', text: 'x' })).body.error).toBe(
      'channel_not_found',
    );
  });

  it('writes to a person, but edits there by the conversation only', async () => {
    const kim = slack.person('kim');
    const { body } = await call(slack, 'chat.postMessage', { channel: kim.user.id, text: 'psst' });
    expect(body.channel).toBe(kim.directChannel());
    const edit = { ts: body.ts, text: 'psst!' };
    expect((await call(slack, 'chat.update', { channel: kim.user.id, ...edit })).body.error).toBe('channel_not_found');
    expect((await call(slack, 'chat.update', { channel: body.channel, ...edit })).body.ok).toBe(true);
  });
});

describe('what a message needs', () => {
  const send = async (args: object) =>
    (await call(slack, 'chat.postMessage', { channel: slack.channelId('ops-alerts'), ...args })).body;

  it.each([
    ['something', { text: 'x' }, {}, 'no_text'],
    ['text beside blocks', { text: 'x', blocks: [section('x')] }, { blocks: [section('x')] }, 'no_text'],
    ['at most 4,000 characters', { text: chars(4_000) }, { text: chars(4_001) }, 'msg_too_long'],
    [
      'at most 100 attachments',
      { text: 'x', attachments: times(100, () => ({ text: 'x' })) },
      { text: 'x', attachments: times(101, () => ({ text: 'x' })) },
      'too_many_attachments',
    ],
    [
      'small attachments',
      { text: 'x', attachments: [{ blocks: times(4, () => section(chars(2_500))) }] },
      { text: 'x', attachments: [{ blocks: times(5, () => section(chars(2_500))) }] },
      'attachment_payload_limit_exceeded',
    ],
    [
      'either markdown or text',
      { markdown_text: '*x*' },
      { markdown_text: '*x*', text: 'x' },
      'markdown_text_conflict',
    ],
    ['markdown of 12,000', { markdown_text: chars(12_000) }, { markdown_text: chars(12_001) }, 'msg_too_long'],
    [
      'metadata with a type',
      { text: 'x', metadata: { event_type: 'a', event_payload: {} } },
      { text: 'x', metadata: { event_payload: {} } },
      'invalid_metadata_schema',
    ],
  ])('is %s', async (_name, passes, fails, error) => {
    expect(await send(passes)).toMatchObject({ ok: true });
    expect(await send(fails)).toMatchObject({ ok: false, error });
  });

  it('points at a bad block', async () => {
    const words = 'must be less than 3001 characters [json-pointer:/blocks/0/text/text]';
    expect(await send({ text: 'x', blocks: [section(chars(3_001))] })).toMatchObject({
      error: 'invalid_blocks',
      errors: [words],
      response_metadata: { messages: [`[ERROR] ${words}`] },
    });
  });

  it('is cut or warned about when the stand-in is not strict', async () => {
    await using lax = await quickSlack({ settings: { strict: false } });
    const channel = lax.channelId('ops-alerts');
    const long = await call(lax, 'chat.postMessage', { channel, text: chars(40_001) });
    expect(long.body).toMatchObject({ ok: true, warning: 'message_truncated', message: { text: chars(40_000) } });
    const bare = await call(lax, 'chat.postMessage', { channel, blocks: [section('x')] });
    expect(bare.body).toMatchObject({ ok: true, warning: 'missing_text_in_message' });
  });

  it('is a parent that exists when it is a reply, and a reply to a reply goes to the parent', async () => {
    const parent = await post(slack, 'sr-demo');
    const reply = await post(slack, 'sr-demo', { thread_ts: parent });
    const second = await call(slack, 'chat.postMessage', {
      channel: slack.channelId('sr-demo'),
      text: 'x',
      thread_ts: reply,
    });
    expect(second.body).toMatchObject({ message: { thread_ts: parent } });
    expect(await send({ text: 'x', thread_ts: '1.000001' })).toMatchObject({ error: 'cannot_reply_to_message' });
    expect(slack.ctl.complaints().at(-1)).toContain('1.000001');
  });
});

describe('changing a message', () => {
  const card = () => ({ text: 'first', blocks: [section('one')], attachments: [{ color: '#ff0000', text: 'bar' }] });
  const update = async (args: object) =>
    (await call(slack, 'chat.update', { channel: slack.channelId('ops-alerts'), ...args })).body;
  const seen = (ts: string) =>
    slack
      .person('kim')
      .sees('#ops-alerts')
      .find((message) => message.ts === ts);

  it('keeps what is left out, clears with an empty list and calls nobody', async () => {
    const ts = await post(slack, 'ops-alerts', card());
    await update({ ts, text: `second <@${slack.person('kim').user.id}>` });
    expect(seen(ts)).toMatchObject({
      isEdited: true,
      blocks: [{ type: 'section' }],
      attachments: [{ color: 'ff0000' }],
      notified: { users: [] },
    });
    await update({ ts, blocks: [], attachments: [] });
    expect(seen(ts)).toMatchObject({ blocks: [], attachments: [], edits: 2 });
  });

  it('keeps metadata until an empty object clears it, and needs something to change', async () => {
    const channel = slack.channelId('ops-alerts');
    const ts = await post(slack, 'ops-alerts', { metadata: { event_type: 'card', event_payload: { id: 7 } } });
    const stored = () => slack.ctl.messages('ops-alerts').find((message) => message.ts === ts)?.content.metadata;
    await update({ ts, text: 'second' });
    expect(stored()).toMatchObject({ event_payload: { id: 7 } });
    await update({ ts, metadata: {} });
    expect(stored()).toBeNull();
    expect((await call(slack, 'chat.update', { channel, ts })).body.error).toBe('no_text');
  });

  it('is only for what the app wrote and what is there', async () => {
    const { message } = await slack.person('kim').say('mine', { channel: '#ops-alerts' });
    expect(await update({ ts: message?.ts, text: 'x' })).toMatchObject({ error: 'cant_update_message' });
    expect(await update({ ts: '1.000001', text: 'x' })).toMatchObject({ error: 'message_not_found' });
    expect(await update({ ts: await post(slack, 'ops-alerts'), text: chars(4_001) })).toMatchObject({
      error: 'msg_too_long',
    });
  });

  it('is not possible for ephemerals', async () => {
    const user = slack.person('kim').user.id;
    const channel = slack.channelId('ops-alerts');
    const { body } = await call(slack, 'chat.postEphemeral', { channel, user, text: 'only you' });
    expect(await update({ ts: body.message_ts, text: 'x' })).toMatchObject({ error: 'message_not_found' });
    const outsider = { channel, user: slack.person('eve').user.id, text: 'x' };
    expect((await call(slack, 'chat.postEphemeral', outsider)).body.error).toBe('user_not_in_channel');
  });

  it('ends when the edit window of the workspace has closed', async () => {
    await using own = await quickSlack({ settings: { editWindowMinutes: 5 } });
    const ts = await post(own, 'ops-alerts');
    const edit = () => call(own, 'chat.update', { channel: own.channelId('ops-alerts'), ts, text: 'x' });
    own.ctl.clock.advance(4 * 60_000);
    expect((await edit()).body.ok).toBe(true);
    own.ctl.clock.advance(2 * 60_000);
    expect((await edit()).body.error).toBe('edit_window_closed');
  });

  it('removes it for everybody', async () => {
    const ts = await post(slack, 'ops-alerts');
    const args = { channel: slack.channelId('ops-alerts'), ts };
    expect((await call(slack, 'chat.delete', args)).body.ok).toBe(true);
    expect(seen(ts)).toBeUndefined();
    expect((await call(slack, 'chat.delete', args)).body.error).toBe('message_not_found');
  });
});
