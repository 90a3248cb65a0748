import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLevel, WebClient } from '@slack/web-api';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../sandbox/slack/faults.ts';
import type { Slack } from '../../../sandbox/slack/start.ts';
import { call, post, quickSlack } from './helpers.ts';

const clientOf = (slack: Slack, retries = 0) =>
  new WebClient(slack.botToken, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries, minTimeout: 1 },
    timeout: 2_000,
    logLevel: LogLevel.ERROR,
  });

const send = (slack: Slack) => ({ channel: slack.channelId('ops-alerts'), text: 'once' });

describe('a fault', () => {
  const shown: readonly (readonly [string, Effect, number])[] = [
    ['a lost answer', { kind: 'lostAnswer' }, 1],
    ['a broken connection', { kind: 'dropped' }, 0],
    ['a bad gateway', { kind: 'status', status: 502 }, 0],
    ['a page instead of JSON', { kind: 'html' }, 0],
    ['half an answer', { kind: 'truncated' }, 1],
    ['a redirect', { kind: 'redirect', location: 'http://127.0.0.1:1/' }, 0],
    ['a fatal error', { kind: 'error', error: 'fatal_error' }, 0],
    ['a revoked token', { kind: 'tokenRevoked' }, 0],
  ];

  it.each(shown)('of the kind %s fails the call and stores what it says', async (_name, effect, stored) => {
    await using slack = await quickSlack();
    slack.ctl.faults.add({ method: 'chat.postMessage', effect });
    await expect(clientOf(slack).chat.postMessage(send(slack))).rejects.toThrow();
    expect(slack.person('kim').sees('#ops-alerts')).toHaveLength(stored);
    expect(slack.calls()).toHaveLength(1);
  });

  it('makes a client with retries post twice when the answer is lost', async () => {
    await using slack = await quickSlack();
    slack.ctl.faults.add({ method: 'chat.*', effect: { kind: 'lostAnswer' } });
    await clientOf(slack, 1).chat.postMessage(send(slack));
    expect(
      slack
        .person('kim')
        .sees('#ops-alerts')
        .map(({ text }) => text),
    ).toEqual(['once', 'once']);
  });

  it('hits the n-th call, as often as told, in its channel only', async () => {
    await using slack = await quickSlack();
    const channel = slack.channelId('ops-alerts');
    slack.ctl.faults.add({
      method: 'chat.postMessage',
      channel,
      nth: 2,
      times: 2,
      effect: { kind: 'error', error: 'fatal_error' },
    });
    const outcomes: unknown[] = [];
    for (const name of ['ops-alerts', 'sr-demo', 'ops-alerts', 'ops-alerts', 'ops-alerts']) {
      outcomes.push(
        (await call(slack, 'chat.postMessage', { channel: slack.channelId(name), text: 'x' })).body.error ?? 'ok',
      );
    }
    expect(outcomes).toEqual(['ok', 'ok', 'fatal_error', 'fatal_error', 'ok']);
  });

  it.each([
    [7, '7'],
    [null, null],
  ])('can limit the rate and ask for %s seconds of patience', async (retryAfter, header) => {
    await using slack = await quickSlack();
    slack.ctl.faults.add({ effect: { kind: 'rateLimited', retryAfter } });
    const { status, headers, body } = await call(slack, 'auth.test');
    expect([status, headers.get('retry-after'), body.error]).toEqual([429, header, 'ratelimited']);
    expect((await call(slack, 'auth.test')).status).toBe(200);
  });

  it('can archive the channel, add warnings, delay, and be taken back', async () => {
    await using slack = await quickSlack();
    const channel = slack.channelId('ops-alerts');
    const undo = slack.ctl.faults.add({ effect: { kind: 'error', error: 'fatal_error' } });
    undo();
    slack.ctl.faults.add({ effect: { kind: 'warnings', warnings: ['odd'] } });
    slack.ctl.faults.add({ effect: { kind: 'delay', ms: 40 } });
    const startedAt = Date.now();
    expect((await call(slack, 'auth.test')).body).toMatchObject({ ok: true, warning: 'odd' });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(38);
    slack.ctl.faults.add({ effect: { kind: 'channelArchived', channel } });
    expect((await call(slack, 'chat.postMessage', { channel, text: 'x' })).body.error).toBe('is_archived');
  });
});

it('writes every call as one line of JSON', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'slack-calls-'));
  try {
    const callLog = join(dir, 'calls.jsonl');
    await using slack = await quickSlack({ callLog });
    await post(slack, 'ops-alerts');
    await call(slack, 'chat.shout');
    const lines = readFileSync(callLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { method: 'chat.postMessage', ok: true, error: null, args: { text: 'hello' }, time: expect.any(String) },
      { method: 'chat.shout', ok: false, error: 'unknown_method' },
    ]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
