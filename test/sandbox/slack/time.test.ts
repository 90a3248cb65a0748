import { describe, expect, it } from 'vitest';
import { createClock } from '../../../sandbox/slack/clock.ts';
import { call, chars, post, quickSlack } from './helpers.ts';
import { connectRaw, listenRaw } from './raw-app.ts';

describe('the clock', () => {
  it('fires what is due in order, and only then', () => {
    const clock = createClock({ frozen: true, startAt: 1_000 });
    const fired: string[] = [];
    clock.after(20, () => fired.push('b'));
    clock.after(10, () => fired.push('a'));
    const cancel = clock.after(15, () => fired.push('never'));
    cancel();
    clock.advance(9);
    expect(fired).toEqual([]);
    clock.advance(11);
    expect([fired, clock.now()]).toEqual([['a', 'b'], 1_020]);
  });

  it('flows on from where it was frozen', async () => {
    const clock = createClock();
    clock.freeze();
    clock.advance(60_000);
    const before = clock.now();
    clock.resume();
    await new Promise<void>((done) => clock.after(5, done));
    expect(clock.now() - before).toBeGreaterThanOrEqual(5);
    clock.stop();
  });
});

describe('rate limits', () => {
  it('let a few messages into a channel at once, then one per second', async () => {
    await using slack = await quickSlack({ clock: createClock({ frozen: true }) });
    const send = () => call(slack, 'chat.postMessage', { channel: slack.channelId('ops-alerts'), text: 'x' });
    for (let count = 0; count < 3; count += 1) expect((await send()).status).toBe(200);
    const limited = await send();
    expect([limited.status, limited.headers.get('retry-after'), limited.body]).toEqual([
      429,
      '1',
      { ok: false, error: 'ratelimited' },
    ]);
    expect((await call(slack, 'chat.postMessage', { channel: slack.channelId('sr-demo'), text: 'x' })).status).toBe(
      200,
    );
    slack.ctl.clock.advance(1_000);
    expect((await send()).status).toBe(200);
    expect(slack.ctl.earlyCalls()).toEqual([]);
  });

  it('note who comes back too early', async () => {
    await using slack = await quickSlack({ clock: createClock({ frozen: true }) });
    const send = () => call(slack, 'chat.postMessage', { channel: slack.channelId('ops-alerts'), text: 'x' });
    for (let count = 0; count < 4; count += 1) await send();
    slack.ctl.clock.advance(400);
    expect((await send()).status).toBe(429);
    expect(slack.ctl.earlyCalls()).toHaveLength(1);
    expect(slack.ctl.earlyCalls()[0]).toContain('600 ms before its Retry-After ended');
  });

  it('allow 50 edits a minute, and 20 lists', async () => {
    await using slack = await quickSlack({ clock: createClock({ frozen: true }) });
    const ts = await post(slack, 'ops-alerts');
    const allowed = async (method: string, args: object) => {
      for (let count = 0; count < 200; count += 1) if ((await call(slack, method, args)).status === 429) return count;
      return 'all';
    };
    expect(await allowed('chat.update', { channel: slack.channelId('ops-alerts'), ts, text: 'x' })).toBe(50);
    expect(await allowed('conversations.list', {})).toBe(20);
    expect(await allowed('auth.test', {})).toBe('all');
  });

  it('can be switched off', async () => {
    await using slack = await quickSlack({ settings: { rates: 'off' } });
    for (let count = 0; count < 10; count += 1) await post(slack, 'ops-alerts');
    expect(slack.calls().every((each) => each.ok)).toBe(true);
  });
});

describe('a response URL', () => {
  async function withUrl() {
    const slack = await quickSlack();
    const app = await connectRaw(slack);
    const kim = slack.person('kim');
    await kim.slash('/sr x', { channel: '#ops-alerts' });
    const url = app.received.at(-1)?.payload?.response_url ?? '';
    const send = async (body: unknown, type = 'application/json') =>
      (await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) })).status;
    return { slack, kim, send, [Symbol.asyncDispose]: () => slack.stop() };
  }

  it('takes five posts', async () => {
    await using world = await withUrl();
    for (let count = 0; count < 5; count += 1) expect(await world.send({ text: `${count}` })).toBe(200);
    expect(await world.send({ text: 'sixth' })).toBe(404);
    expect(world.kim.sees('#ops-alerts')).toHaveLength(5);
  });

  it('lives for thirty minutes', async () => {
    await using world = await withUrl();
    world.slack.ctl.clock.advance(29 * 60_000);
    expect(await world.send({ text: 'x' })).toBe(200);
    world.slack.ctl.clock.advance(60_001);
    expect(await world.send({ text: 'x' })).toBe(404);
  });

  it('takes JSON that is a message, and nothing else', async () => {
    await using world = await withUrl();
    expect(await world.send({ text: 'x' }, 'text/plain')).toBe(400);
    expect(await world.send({ text: chars(4_001) })).toBe(400);
    expect(await world.send({ text: 'x', response_type: 'loud' })).toBe(400);
    expect(await world.send({ text: 'x', replace: true })).toBe(400);
    expect(world.kim.sees('#ops-alerts')).toEqual([]);
  });

  it('replaces and deletes the message that was clicked', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const kim = slack.person('kim');
    const blocks = [
      { type: 'actions', elements: [{ type: 'button', action_id: 'go', text: { type: 'plain_text', text: 'Go' } }] },
    ];
    const channel = slack.channelId('ops-alerts');
    await call(slack, 'chat.postEphemeral', { channel, user: kim.user.id, text: 'card', blocks });
    const [card] = kim.sees('#ops-alerts');
    if (card === undefined) throw new Error('no card');
    await kim.click(card, 'go');
    const url = app.received.at(-1)?.payload?.response_url ?? '';
    const send = (body: object) =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    await send({ replace_original: true, text: 'replaced' });
    expect(kim.sees('#ops-alerts')).toMatchObject([{ ts: card.ts, text: 'replaced', isEphemeral: true }]);
    await send({ delete_original: true });
    expect(kim.sees('#ops-alerts')).toEqual([]);
  });
});

describe('events', () => {
  it('come again at once, after one minute and after five', async () => {
    await using slack = await quickSlack({ socketMode: false, clock: createClock({ frozen: true }) });
    await using app = await listenRaw(slack, () => 500);
    const heard = async (count: number) => {
      for (let spin = 0; app.requests.length < count && spin < 200; spin += 1)
        await new Promise((done) => setTimeout(done, 5));
      return app.requests.length;
    };
    const asked = slack.person('kim').mention('hello', { channel: '#ops-alerts' });
    expect((await asked).outcome).toBe('http_error');
    slack.ctl.clock.advance(0);
    expect(await heard(2)).toBe(2);
    await new Promise((done) => setTimeout(done, 30));
    slack.ctl.clock.advance(60_000);
    expect(await heard(3)).toBe(3);
    await new Promise((done) => setTimeout(done, 30));
    slack.ctl.clock.advance(300_000);
    expect(await heard(4)).toBe(4);
    expect(app.requests.map(({ headers }) => headers['x-slack-retry-num'])).toEqual([undefined, '1', '2', '3']);
    expect(app.requests[1]?.headers['x-slack-retry-reason']).toBe('http_error');
  });

  it('do not come again when the app says so', async () => {
    await using slack = await quickSlack({ socketMode: false });
    await using app = await listenRaw(slack, () => 500, { 'x-slack-no-retry': '1' });
    await slack.person('kim').mention('hello', { channel: '#ops-alerts' });
    slack.ctl.clock.advance(400_000);
    await new Promise((done) => setTimeout(done, 50));
    expect(app.requests).toHaveLength(1);
  });
});
