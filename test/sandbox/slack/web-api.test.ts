import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { call, chars, plain, post, quickSlack, section, times } from './helpers.ts';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack({ socketMode: true, settings: { rates: 'off', shareDelayMs: 0 } });
});
afterAll(() => slack.stop());

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the envelope of a call', () => {
  it.each([
    ['no token', null, 'auth.test', 'not_authed'],
    ['an unknown token', 'xoxb-nope', 'auth.test', 'invalid_auth'],
    ['no such method', undefined, 'chat.shout', 'unknown_method'],
    ['a bot token for a socket', undefined, 'apps.connections.open', 'not_allowed_token_type'],
  ])('is refused with %s', async (_name, token, method, error) => {
    expect((await call(slack, method, {}, token === undefined ? {} : { token })).body).toMatchObject({
      ok: false,
      error,
    });
  });

  it('is refused when an app token posts or a token stands in the address', async () => {
    expect((await call(slack, 'chat.postMessage', {}, { token: slack.appToken })).body.error).toBe(
      'not_allowed_token_type',
    );
    const answer = await fetch(`${slack.apiUrl}auth.test?token=${slack.botToken}`);
    expect(await answer.json()).toMatchObject({ error: 'invalid_auth' });
  });

  it('says which scopes the token has, and which is missing', async () => {
    await using own = await quickSlack();
    expect((await call(own, 'auth.test')).headers.get('x-oauth-scopes')).toContain('chat:write');
    own.ctl.setScopes(['users:read']);
    const answer = await call(own, 'chat.postMessage', { channel: own.channelId('ops-alerts'), text: 'x' });
    expect(answer.body).toMatchObject({ error: 'missing_scope', needed: 'chat:write', provided: 'users:read' });
  });

  it.each([
    ['revoked', 'token_revoked'],
    ['expired', 'token_expired'],
    ['disabled', 'account_inactive'],
  ] as const)('is refused when the token is %s', async (state, error) => {
    await using own = await quickSlack();
    own.ctl.setTokenState('bot', state);
    expect((await call(own, 'auth.test')).body.error).toBe(error);
  });

  it.each([
    ['JSON without a charset', { 'content-type': 'application/json' }, '{}', { ok: true, warning: 'missing_charset' }],
    [
      'a form with a charset',
      { 'content-type': `${form['content-type']}; charset=utf-8` },
      '',
      { ok: true, warning: 'superfluous_charset' },
    ],
    ['a form', form, '', { ok: true }],
    ['text', { 'content-type': 'text/plain' }, 'x', { error: 'invalid_post_type' }],
    [
      'JSON that is no object',
      { 'content-type': 'application/json; charset=utf-8' },
      '[]',
      { error: 'json_not_object' },
    ],
  ])('takes note of its form: %s', async (_name, headers, body, expected) => {
    expect((await call(slack, 'auth.test', {}, { headers, body })).body).toMatchObject(expected);
  });

  it('refuses arguments that the method does not have, and JSON fields that are not JSON', async () => {
    const channel = slack.channelId('ops-alerts');
    expect((await call(slack, 'chat.postMessage', { channel, text: 'x', txet: 'x' })).body).toMatchObject({
      error: 'invalid_arg_name',
      errors: ['unknown argument: txet'],
    });
    const body = new URLSearchParams({ channel, text: 'x', blocks: '{oops' }).toString();
    expect((await call(slack, 'chat.postMessage', {}, { headers: form, body })).body.error).toBe(
      'invalid_blocks_format',
    );
    expect((await call(slack, 'chat.update', { channel })).body.errors).toEqual(['missing required field: ts']);
  });

  it('logs what was sent, without the token', async () => {
    const text = 'for the log';
    await call(slack, 'chat.postMessage', { channel: slack.channelId('ops-alerts'), text, token: slack.botToken });
    const last = slack.calls().at(-1);
    expect(last).toMatchObject({ method: 'chat.postMessage', ok: true, error: null, args: { text } });
    expect(JSON.stringify(slack.calls().map(({ args }) => args.text))).not.toContain(slack.botToken);
  });
});

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

describe('looking things up', () => {
  it('finds its own message again by metadata, which needs asking for', async () => {
    const metadata = { event_type: 'outbox', event_payload: { id: '42' } };
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

  it('needs alt text of at most 1,000 characters', async () => {
    const args = (count: number) => ({ filename: 'a.png', length: 1, alt_txt: chars(count) });
    expect((await call(slack, 'files.getUploadURLExternal', args(1_000))).body.ok).toBe(true);
    expect((await call(slack, 'files.getUploadURLExternal', args(1_001))).body.error).toBe('alt_txt_too_large');
  });
});

it('validates home tabs and refuses them when the tab is off', async () => {
  const user_id = slack.person('kim').user.id;
  const view = { type: 'home', blocks: [section('hello')] };
  expect((await call(slack, 'views.publish', { user_id, view })).body.ok).toBe(true);
  expect(slack.person('kim').home()?.lines).toEqual(['hello']);
  expect((await call(slack, 'views.publish', { user_id, view, hash: 'old' })).body.error).toBe('hash_conflict');
  expect((await call(slack, 'views.publish', { user_id, view: { ...view, title: plain('x') } })).body.error).toBe(
    'invalid_arguments',
  );
  await using off = await quickSlack({ settings: { homeTab: false } });
  expect((await call(off, 'views.publish', { user_id: off.person('kim').user.id, view })).body.error).toBe(
    'not_enabled',
  );
});
