import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { call, plain, quickSlack, section } from './helpers.ts';

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
