import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../sandbox/slack/json.ts';
import type { Slack } from '../../../sandbox/slack/start.ts';
import { call, plain, post, quickSlack } from './helpers.ts';
import { connectRaw } from './raw-app.ts';

const button = (rest: JsonObject = {}) => ({
  type: 'button',
  action_id: 'go',
  text: plain('Go'),
  value: 'A-7',
  ...rest,
});
const actions = (...elements: JsonObject[]) => [{ type: 'actions', block_id: 'act', elements }];

async function card(slack: Slack, blocks: readonly JsonObject[]) {
  const ts = await post(slack, 'ops-alerts', { blocks });
  return { channel: slack.channelId('ops-alerts'), ts };
}

describe('a click', () => {
  it('tells the app who clicked what, where', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const message = await card(slack, actions(button()));
    const lee = slack.person('lee');
    await lee.click(message, 'go');
    expect(app.received.at(-1)?.payload).toMatchObject({
      type: 'block_actions',
      user: { id: lee.user.id, username: 'lee' },
      team: { id: slack.team.id },
      api_app_id: slack.appId,
      container: { type: 'message', message_ts: message.ts, is_ephemeral: false },
      message: { ts: message.ts },
      actions: [{ type: 'button', action_id: 'go', block_id: 'act', value: 'A-7' }],
    });
  });

  it('can be a double click, with a trigger each', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    await slack.person('kim').click(await card(slack, actions(button())), 'go', { times: 2 });
    const clicks = app.received.filter(({ type }) => type === 'interactive');
    expect(new Set(clicks.map(({ payload }) => payload?.trigger_id)).size).toBe(2);
  });

  it('can race with the deletion of its message', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const message = await card(slack, actions(button()));
    await call(slack, 'chat.delete', message);
    await expect(slack.person('kim').click(message, 'go')).rejects.toThrow('kim sees no message');
    expect((await slack.person('kim').click(message, 'go', { evenIfGone: true })).outcome).toBe('ok');
    expect(app.received.at(-1)?.type).toBe('interactive');
  });

  it('is not sent when the person steps back from the question', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const message = await card(slack, actions(button({ confirm: { text: plain('Sure?') } })));
    expect((await slack.person('kim').click(message, 'go', { confirm: false })).outcome).toBe('not_sent');
    expect(app.received.map(({ type }) => type)).toEqual(['hello']);
  });

  it('on a link opens it and is told to the app as well', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const message = await card(slack, actions(button({ url: 'https://example.org/runs/12' })));
    const clicked = await slack.person('kim').click(message, 'go');
    expect(clicked).toMatchObject({ outcome: 'ok', opened: 'https://example.org/runs/12' });
    expect(app.received.at(-1)?.payload).toMatchObject({ actions: [{ action_id: 'go' }] });
  });
});

describe('a menu', () => {
  const menu = { type: 'static_select', action_id: 'pick', options: [{ text: plain('One'), value: '1' }] };

  it('sends the chosen option and remembers it', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    await slack.person('kim').select(await card(slack, actions(menu)), 'pick', '1');
    expect(app.received.at(-1)?.payload).toMatchObject({
      actions: [{ type: 'static_select', selected_option: { value: '1' } }],
      state: { values: { act: { pick: { selected_option: { value: '1' } } } } },
    });
  });

  it('offers what it offers, and is not a button', async () => {
    await using slack = await quickSlack();
    const message = await card(slack, actions(menu));
    await expect(slack.person('kim').select(message, 'pick', '2')).rejects.toThrow('does not offer 2; it offers 1');
    await expect(slack.person('kim').click(message, 'pick')).rejects.toThrow('pick is a static_select');
  });
});

describe('typing', () => {
  it('escapes what the client escapes and knows people and channels by name', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const lee = slack.person('lee').user.id;
    await slack.person('kim').slash('/sr assign A-7 @lee <b> & @nobody #sr-demo', { channel: '#ops-alerts' });
    const channel = slack.channelId('sr-demo');
    expect(app.received.at(-1)?.payload).toMatchObject({
      command: '/sr',
      text: `assign A-7 <@${lee}|lee> &lt;b&gt; &amp; @nobody <#${channel}|sr-demo>`,
      is_enterprise_install: 'false',
    });
  });

  it('reaches the app in a direct conversation, and elsewhere only by its name', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const kim = slack.person('kim');
    await kim.direct('status please');
    expect(app.received.at(-1)?.payload).toMatchObject({
      event: { type: 'message', channel_type: 'im', text: 'status please' },
    });
    await kim.say('just talking', { channel: '#ops-alerts' });
    await kim.mention('hello', { channel: '#general' });
    expect(app.received.filter(({ type }) => type === 'events_api')).toHaveLength(1);
  });

  it('is not possible for who has left or cannot see the channel', async () => {
    await using slack = await quickSlack();
    await expect(slack.person('dan').slash('/sr x', { channel: '#ops-alerts' })).rejects.toThrow('dan is deactivated');
    await expect(slack.person('kim').slash('/sr x', { channel: '#leads' })).rejects.toThrow('kim cannot see #leads');
  });

  it('into the home tab tells the app that it was opened', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    expect((await slack.person('kim').openHome()).outcome).toBe('ok');
    expect(app.received.at(-1)?.payload).toMatchObject({ event: { type: 'app_home_opened', tab: 'home' } });
  });
});

it('loses ephemeral messages when the client is reloaded', async () => {
  await using slack = await quickSlack();
  const kim = slack.person('kim');
  const args = { channel: slack.channelId('ops-alerts'), user: kim.user.id, text: 'psst' };
  await call(slack, 'chat.postEphemeral', args);
  expect(kim.sees('#ops-alerts')).toHaveLength(1);
  kim.reload();
  expect(kim.sees('#ops-alerts')).toEqual([]);
});

it('runs by itself until it is told to stop', async () => {
  const file = fileURLToPath(new URL('../../../sandbox/slack/serve.ts', import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(child.stdout, 'data');
    const { url, botToken } = JSON.parse(String(line));
    const answer = await fetch(`${url}/api/auth.test`, {
      method: 'POST',
      headers: { authorization: `Bearer ${botToken}` },
    });
    expect(await answer.json()).toMatchObject({ ok: true, user: 'starwarden' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
