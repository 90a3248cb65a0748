import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { type RunningApp, startApp } from './bolt-app.ts';

describe.each(['socket', 'http'] as const)('a Bolt app over %s', (transport) => {
  let slack: Slack;
  let running: RunningApp;

  beforeEach(async () => {
    slack = await startSlack({ socketMode: transport === 'socket' });
    running = await startApp(slack, transport);
  });
  afterEach(async () => {
    await running.stop();
    await slack.stop();
  });

  it('answers a slash command with a line that only the asker sees', async () => {
    const answer = await slack.person('kim').slash('/sr status prod', { channel: '#ops-alerts' });
    expect(answer).toMatchObject({ outcome: 'ok', text: 'you said status prod' });
    expect(slack.person('kim').sees('#ops-alerts')).toMatchObject([{ isEphemeral: true, author: 'starwarden' }]);
    expect(slack.person('lee').sees('#ops-alerts')).toEqual([]);
  });

  it('answers later through the response URL, for everyone', async () => {
    const [kim, lee] = [slack.person('kim'), slack.person('lee')];
    const answer = await kim.slash('/sr later', { channel: '#ops-alerts' });
    expect(answer.text).toBe('working on it');
    expect((await lee.waitForMessage({ channel: '#ops-alerts', text: 'done' })).isEphemeral).toBe(false);
  });

  it('edits its message when the button on it is clicked', async () => {
    const lee = slack.person('lee');
    await slack.person('kim').slash('/sr card', { channel: '#ops-alerts' });
    const card = await lee.waitForMessage({ channel: '#ops-alerts', text: 'Alert A-7' });
    expect(card.elements).toMatchObject([{ actionId: 'alert.ack', value: 'A-7:1', label: 'Acknowledge' }]);
    expect((await lee.click(card, 'alert.ack')).outcome).toBe('ok');
    const edited = await lee.waitForMessage({ channel: '#ops-alerts', where: (message) => message.isEdited });
    expect(edited).toMatchObject({ ts: card.ts, lines: ['acknowledged'], elements: [] });
    await expect(lee.click(edited, 'alert.ack')).rejects.toThrow('there is no alert.ack on it now');
  });

  it('opens a form, refuses bad entries, takes good ones', async () => {
    const kim = slack.person('kim');
    await kim.slash('/sr form', { channel: '#ops-alerts' });
    const view = await kim.waitForView({ title: 'Add a note' });
    expect(await kim.submit(view)).toMatchObject({ outcome: 'not_sent', errors: { note: expect.any(String) } });
    expect(await kim.submit(view, { note: 'ab' })).toMatchObject({ outcome: 'not_sent' });
    expect(await kim.submit(view, { note: 'bad' })).toMatchObject({
      outcome: 'errors',
      errors: { note: 'not that word' },
    });
    const done = await kim.submit(view, { note: 'good word' });
    expect(done).toMatchObject({ outcome: 'ok', view: null });
    expect((await kim.waitForMessage({ channel: kim.directChannel(), text: 'noted' })).text).toBe('noted: good word');
  });

  it('hears its name and answers in the thread', async () => {
    const kim = slack.person('kim');
    const asked = await kim.mention('help', { channel: '#sr-demo' });
    expect(asked.outcome).toBe('ok');
    await kim.waitForMessage({ channel: '#sr-demo', text: 'you called, @kim?' });
    const [parent] = kim.sees('#sr-demo');
    expect(parent?.thread).toMatchObject([{ author: 'starwarden', notified: { users: [kim.user.id] } }]);
  });

  it('shows a command that is not acknowledged in three seconds as failed', async () => {
    const kim = slack.person('kim');
    const asking = kim.slash('/sr silence', { channel: '#ops-alerts' });
    setTimeout(() => slack.ctl.clock.advance(3_000), 50);
    expect(await asking).toMatchObject({
      outcome: 'operation_timeout',
      text: '/sr failed with the error "operation_timeout"',
    });
    expect(kim.sees('#ops-alerts')).toMatchObject([{ author: 'slackbot', isEphemeral: true }]);
  });

  it('leaves nothing that Slack would complain about', async () => {
    await slack.person('kim').slash('/sr card', { channel: '#ops-alerts' });
    await slack.person('kim').waitForMessage({ channel: '#ops-alerts', text: 'Alert' });
    expect(slack.ctl.complaints()).toEqual([]);
    expect(slack.calls().filter((call) => !call.ok)).toEqual([]);
  });
});
