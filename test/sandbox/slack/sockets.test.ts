import { expect, it } from 'vitest';
import { call, quickSlack } from './helpers.ts';
import { connectRaw } from './raw-app.ts';

const closed = (socket: { once(event: 'close', listener: () => void): unknown }) =>
  new Promise<void>((done) => socket.once('close', () => done()));

it('greets each connection with the number of connections', async () => {
  await using slack = await quickSlack();
  const [first, second] = [await connectRaw(slack), await connectRaw(slack)];
  expect([first.received[0]?.num_connections, second.received[0]?.num_connections]).toEqual([1, 2]);
});

it('lets a ticket in once, and not after 30 seconds', async () => {
  await using slack = await quickSlack();
  const url = async () => String((await call(slack, 'apps.connections.open', {}, { token: slack.appToken })).body.url);
  const status = async (address: string) => (await fetch(address.replace('ws:', 'http:'), { method: 'GET' })).status;
  expect(await status(await url())).toBe(404);
  const { WebSocket } = await import('ws');
  const connect = (address: string) =>
    new Promise<string>((done) => {
      const socket = new WebSocket(address);
      socket.on('open', () => done('open'));
      socket.on('error', (error) => done(error.message));
    });
  const ticket = await url();
  expect(await connect(ticket)).toBe('open');
  expect(await connect(ticket)).toContain('403');
  const late = await url();
  slack.ctl.clock.advance(30_001);
  expect(await connect(late)).toContain('403');
});

it('turns the eleventh connection away', async () => {
  await using slack = await quickSlack();
  const ten = await Promise.all(Array.from({ length: 10 }, () => connectRaw(slack)));
  expect(ten).toHaveLength(10);
  const { WebSocket } = await import('ws');
  const { body } = await call(slack, 'apps.connections.open', {}, { token: slack.appToken });
  const eleventh = new WebSocket(String(body.url));
  const first = await new Promise<string>((done) => eleventh.once('message', (data) => done(String(data))));
  expect(first).toContain('too_many_websockets');
  await closed(eleventh);
  expect(slack.ctl.sockets.count()).toBe(10);
});

it('gives a payload to one connection only', async () => {
  await using slack = await quickSlack();
  const both = [await connectRaw(slack), await connectRaw(slack)];
  for (let count = 0; count < 12; count += 1) await slack.person('kim').slash('/sr x', { channel: '#ops-alerts' });
  const counts = both.map(({ received }) => received.filter(({ type }) => type === 'slash_commands').length);
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(12);
});

it('brings an unacknowledged event to another connection', async () => {
  await using slack = await quickSlack();
  const both = [await connectRaw(slack, () => null), await connectRaw(slack, () => null)];
  const asking = slack.person('kim').mention('hello', { channel: '#ops-alerts' });
  await new Promise((done) => setTimeout(done, 30));
  slack.ctl.clock.advance(3_000);
  expect((await asking).outcome).toBe('operation_timeout');
  await Promise.all(both.map((each) => each.next('events_api')));
  const attempts = both.map(({ received }) => received.find(({ type }) => type === 'events_api')?.retry_attempt);
  expect(attempts.toSorted()).toEqual([0, 1]);
});

it('complains about acknowledgements that make no sense', async () => {
  await using slack = await quickSlack();
  const app = await connectRaw(slack);
  await slack.person('kim').slash('/sr x', { channel: '#ops-alerts' });
  app.send({ envelope_id: app.received.at(-1)?.envelope_id });
  app.send({ envelope_id: 'nobody' });
  app.send({});
  for (let spin = 0; slack.ctl.complaints().length < 3 && spin < 100; spin += 1)
    await new Promise((done) => setTimeout(done, 5));
  expect(slack.ctl.complaints()).toEqual([
    expect.stringContaining('acknowledged twice'),
    expect.stringContaining('unknown or was acknowledged too late'),
    expect.stringContaining('without envelope_id'),
  ]);
});

it('tells clients to reconnect, or cuts them off', async () => {
  await using slack = await quickSlack();
  const app = await connectRaw(slack);
  slack.ctl.sockets.disconnect('refresh_requested');
  expect((await app.next('disconnect')).reason).toBe('refresh_requested');
  const gone = closed(app.socket);
  slack.ctl.sockets.kill();
  await gone;
  const failed = await slack.person('kim').slash('/sr x', { channel: '#ops-alerts' });
  expect(failed).toMatchObject({ outcome: 'dispatch_failed', text: '/sr failed with the error "dispatch_failed"' });
});

it('leaves nobody waiting when it stops', async () => {
  const slack = await quickSlack();
  const app = await connectRaw(slack, () => null);
  const asking = slack.person('kim').slash('/sr x', { channel: '#ops-alerts' });
  await app.next('slash_commands');
  await slack.stop();
  expect((await asking).outcome).toBe('dispatch_failed');
});

it('refuses connections while it is away, breaks those that are open, and is back at the same address', async () => {
  await using slack = await quickSlack();
  const { socket } = await connectRaw(slack);
  const gone = closed(socket);
  await slack.goAway();
  await gone;
  await expect(call(slack, 'auth.test')).rejects.toThrow();
  await slack.comeBack();
  expect((await call(slack, 'auth.test')).body.ok).toBe(true);
  await connectRaw(slack);
});
