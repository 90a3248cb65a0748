import { App, HTTPReceiver, LogLevel } from '@slack/bolt';
import type { ViewsOpenArguments } from '@slack/web-api';
import type { Slack } from '../../../sandbox/slack/start.ts';

export type RunningApp = { readonly app: App; stop(): Promise<void> };

/** A real Bolt app with one of everything: a command, a form, a button, a menu. Listeners are added before it starts. */
export async function startApp(slack: Slack, transport: 'socket' | 'http'): Promise<RunningApp> {
  const common = {
    token: slack.botToken,
    convoStore: false,
    deferInitialization: true,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, timeout: 5_000 },
  } as const;
  const receiver =
    transport === 'http'
      ? new HTTPReceiver({ signingSecret: slack.signingSecret, logLevel: LogLevel.ERROR })
      : undefined;
  const app =
    receiver === undefined
      ? new App({ ...common, appToken: slack.appToken, socketMode: true })
      : new App({ ...common, receiver });
  addListeners(app);
  await app.init();
  if (receiver === undefined) {
    await app.start();
    await slack.ctl.sockets.connected();
  } else {
    const server = await receiver.start(0);
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the app does not listen');
    slack.ctl.useRequestUrl(`http://127.0.0.1:${address.port}/slack/events`);
  }
  return { app, stop: async () => void (await app.stop()) };
}

const form: ViewsOpenArguments['view'] = {
  type: 'modal',
  callback_id: 'note',
  title: { type: 'plain_text', text: 'Add a note' },
  submit: { type: 'plain_text', text: 'Save' },
  blocks: [
    {
      type: 'input',
      block_id: 'note',
      label: { type: 'plain_text', text: 'Note' },
      element: { type: 'plain_text_input', action_id: 'text', min_length: 3, max_length: 20 },
    },
  ],
};

function addListeners(app: App): void {
  app.command('/sr', async ({ command, ack, client, respond }) => {
    if (command.text === 'form') {
      await client.views.open({ trigger_id: command.trigger_id, view: form });
      return ack();
    }
    if (command.text === 'later') {
      await ack('working on it');
      await respond({ text: 'done', response_type: 'in_channel' });
      return;
    }
    if (command.text === 'silence') return;
    if (command.text === 'card') {
      await ack();
      await client.chat.postMessage({ channel: command.channel_id, text: 'Alert A-7', blocks: [card('firing')] });
      return;
    }
    await ack(`you said ${command.text}`);
  });
  app.action('alert.ack', async ({ ack, body, client }) => {
    await ack();
    if (body.type !== 'block_actions' || body.message === undefined || body.channel === undefined) return;
    const text = `Alert A-7 acknowledged by ${body.user.id}`;
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: 'acknowledged' } }];
    await client.chat.update({ channel: body.channel.id, ts: body.message.ts, text, blocks });
  });
  app.view('note', async ({ ack, view, body, client }) => {
    const text = view.state.values.note?.text?.value ?? '';
    if (text === 'bad') return ack({ response_action: 'errors', errors: { note: 'not that word' } });
    await ack();
    await client.chat.postMessage({ channel: body.user.id, text: `noted: ${text}` });
  });
  app.event('app_mention', async ({ event, client }) => {
    await client.chat.postMessage({
      channel: event.channel,
      thread_ts: event.ts,
      text: `you called, <@${event.user}>?`,
    });
  });
}

function card(state: string) {
  return {
    type: 'section',
    block_id: 'head',
    text: { type: 'mrkdwn', text: `*CRITICAL* ${state}` },
    accessory: {
      type: 'button',
      action_id: 'alert.ack',
      value: 'A-7:1',
      text: { type: 'plain_text', text: 'Acknowledge' },
    },
  };
}
