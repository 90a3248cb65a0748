import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { flaws } from '../../../sandbox/slack/deliver/forge.ts';
import type { Slack } from '../../../sandbox/slack/start.ts';
import { startApp } from './bolt-app.ts';
import { call, mrkdwn, plain, post, quickSlack } from './helpers.ts';
import { connectRaw } from './raw-app.ts';

const cliFile = fileURLToPath(new URL('../../../sandbox/slack/cli.ts', import.meta.url));

async function cli(slack: Slack, ...words: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [cliFile, '--url', slack.url, ...words]);
  return JSON.parse(stdout);
}

describe('the hands on the command line', () => {
  it('type, read and click', async () => {
    await using slack = await quickSlack();
    await connectRaw(slack, ({ type }) => (type === 'slash_commands' ? { text: 'hello' } : {}));
    expect(await cli(slack, '--as', 'lee', 'slash', '/sr', 'status')).toMatchObject({ outcome: 'ok', text: 'hello' });
    const blocks = [{ type: 'actions', elements: [{ type: 'button', action_id: 'go', text: plain('Go') }] }];
    const ts = await post(slack, 'ops-alerts', { blocks });
    expect(await cli(slack, 'click', '--ts', ts, 'go')).toMatchObject({ outcome: 'ok' });
    expect(await cli(slack, 'messages')).toMatchObject([{ ts }]);
    await expect(cli(slack, 'click', '--ts', ts, 'stop')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('there is no stop on it now, only go'),
    });
  });

  it('type options of the command, with the quotes that the shell took off', async () => {
    await using slack = await quickSlack();
    await connectRaw(slack, ({ type, payload }) => (type === 'slash_commands' ? { text: String(payload?.text) } : {}));
    expect(await cli(slack, 'slash', '/sr', 'restart', 'demo', '--dry-run', '--reason', 'bad disk')).toMatchObject({
      text: 'restart demo --dry-run --reason "bad disk"',
    });
  });
});

describe('the control over HTTP', () => {
  const ctl = async (slack: Slack, verb: string, path: string, body?: object) =>
    (
      await fetch(`${slack.url}/_ctl/${path}`, {
        method: verb,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    ).json();

  it('moves time, sets faults and tells what was called', async () => {
    await using slack = await quickSlack();
    const before = slack.ctl.clock.now();
    await ctl(slack, 'POST', 'clock/advance', { ms: 60_000 });
    expect(slack.ctl.clock.now() - before).toBeGreaterThanOrEqual(60_000);
    await ctl(slack, 'POST', 'faults', { method: 'auth.test', effect: { kind: 'error', error: 'fatal_error' } });
    expect((await call(slack, 'auth.test')).body.error).toBe('fatal_error');
    expect(await ctl(slack, 'GET', 'calls')).toMatchObject([{ method: 'auth.test', error: 'fault:error' }]);
    expect(await ctl(slack, 'POST', 'faults', { effect: { kind: 'magic' } })).toMatchObject({
      error: expect.any(String),
    });
    expect(await ctl(slack, 'GET', 'nothing')).toMatchObject({ error: 'no such control' });
  });
});

describe('requests that are wrong in one way', () => {
  const expected: Readonly<Record<string, readonly number[]>> = {
    genuine: [200],
    'wrong-secret': [401],
    old: [401],
    future: [200],
    replayed: [200, 200],
    'missing-headers': [401],
    altered: [401],
    charset: [400],
    huge: [413],
    'ssl-check': [200],
  };

  it('are answered by Bolt as was measured, so that the product must do the rest', async () => {
    await using slack = await quickSlack({ socketMode: false });
    const running = await startApp(slack, 'http');
    try {
      for (const [flaw, statuses] of Object.entries(expected)) {
        const known = flaws.find((each) => each === flaw);
        if (known === undefined) throw new Error(`no flaw ${flaw}`);
        const answers = await slack.ctl.forge({ flaw: known });
        expect([flaw, ...answers.map(({ status }) => status)]).toEqual([flaw, ...statuses]);
      }
    } finally {
      await running.stop();
    }
  });
});

describe('the page', () => {
  const page = async (slack: Slack, query: string) => (await fetch(`${slack.url}/?${query}`)).text();

  it('shows a card with its bar, buttons, names and edits, and escapes what is not markup', async () => {
    await using slack = await quickSlack();
    const kim = slack.person('kim');
    const blocks = [
      { type: 'section', text: mrkdwn(`*down* <@${kim.user.id}> &lt;script&gt; \`code\``) },
      { type: 'actions', elements: [{ type: 'button', action_id: 'go', style: 'danger', text: plain('Go <b>') }] },
    ];
    const ts = await post(slack, 'ops-alerts', { text: 'x', attachments: [{ color: '#a30200', blocks }] });
    await call(slack, 'chat.update', { channel: slack.channelId('ops-alerts'), ts, text: 'y' });
    const shown = await page(slack, 'as=lee&channel=ops-alerts');
    expect(shown).toContain('border-color:#a30200');
    expect(shown).toContain('<b>down</b> <span class="mention">@kim</span> &lt;script&gt; <code>code</code>');
    expect(shown).toContain('class="danger" data-block');
    expect(shown).toContain('Go &lt;b&gt;</button>');
    expect(shown).toContain('(edited)');
  });

  it('shows ephemerals to their reader only, and private channels to members only', async () => {
    await using slack = await quickSlack();
    const channel = slack.channelId('ops-alerts');
    await call(slack, 'chat.postEphemeral', { channel, user: slack.person('kim').user.id, text: 'psst' });
    expect(await page(slack, 'as=kim&channel=ops-alerts')).toContain('Only visible to you');
    expect(await page(slack, 'as=lee&channel=ops-alerts')).not.toContain('psst');
    expect(await page(slack, 'as=kim')).not.toContain('leads');
    expect(await page(slack, 'as=lee')).toContain('leads');
  });
});
