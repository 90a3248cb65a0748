import { describe, expect, it } from 'vitest';
import { createClock } from '../../../sandbox/slack/clock.ts';
import type { JsonObject } from '../../../sandbox/slack/json.ts';
import { call, plain, quickSlack, section } from './helpers.ts';
import { connectRaw } from './raw-app.ts';

const modal = (title: string, rest: JsonObject = {}) => ({
  type: 'modal',
  title: plain(title),
  blocks: [section('x')],
  ...rest,
});

/** A stand-in with a frozen clock, an app that acknowledges everything, and kim, who has just typed a command. */
async function withTrigger(settings = {}) {
  const slack = await quickSlack({ clock: createClock({ frozen: true }), settings });
  const app = await connectRaw(slack);
  const kim = slack.person('kim');
  const trigger = async () => {
    await kim.slash('/sr form', { channel: '#ops-alerts' });
    return app.received.at(-1)?.payload?.trigger_id;
  };
  const open = async (title: string, rest: JsonObject = {}) =>
    (await call(slack, 'views.open', { trigger_id: await trigger(), view: modal(title, rest) })).body;
  return { slack, kim, trigger, open, [Symbol.asyncDispose]: () => slack.stop() };
}

describe('a trigger', () => {
  it('lives for three seconds and not longer', async () => {
    await using world = await withTrigger();
    const { slack, trigger } = world;
    const [young, old] = [await trigger(), await trigger()];
    slack.ctl.clock.advance(3_000);
    expect((await call(slack, 'views.open', { trigger_id: young, view: modal('a') })).body.ok).toBe(true);
    slack.ctl.clock.advance(1);
    expect((await call(slack, 'views.open', { trigger_id: old, view: modal('b') })).body.error).toBe(
      'expired_trigger_id',
    );
  });

  it('is good for one view and must be real', async () => {
    await using world = await withTrigger();
    const { slack, trigger } = world;
    const trigger_id = await trigger();
    await call(slack, 'views.open', { trigger_id, view: modal('a') });
    expect((await call(slack, 'views.open', { trigger_id, view: modal('b') })).body.error).toBe('exchanged_trigger_id');
    expect((await call(slack, 'views.open', { trigger_id: '1.2.3', view: modal('b') })).body.error).toBe(
      'invalid_trigger_id',
    );
  });

  it('is not spent on a view that is refused', async () => {
    await using world = await withTrigger();
    const trigger_id = await world.trigger();
    const bad = await call(world.slack, 'views.open', { trigger_id, view: modal('') });
    expect(bad.body.error).toBe('invalid_arguments');
    expect((await call(world.slack, 'views.open', { trigger_id, view: modal('a') })).body.ok).toBe(true);
  });
});

describe('a stack of views', () => {
  it('holds a root and two pushed views', async () => {
    await using world = await withTrigger();
    const { slack, kim, trigger, open } = world;
    await open('root');
    const push = async (title: string) =>
      (await call(slack, 'views.push', { trigger_id: await trigger(), view: modal(title) })).body;
    expect(await push('second')).toMatchObject({ ok: true, view: { previous_view_id: expect.any(String) } });
    expect(await push('third')).toMatchObject({ ok: true });
    expect(await push('fourth')).toMatchObject({ error: 'push_limit_reached' });
    expect(kim.view()?.title).toBe('third');
    const top = kim.view();
    if (top !== null) await kim.closeView(top);
    expect(kim.view()?.title).toBe('second');
  });

  it('changes by id and hash until it is closed', async () => {
    await using world = await withTrigger();
    const { slack, kim, open } = world;
    await open('first', { external_id: 'mine' });
    const view = kim.view();
    if (view === null) throw new Error('no view');
    const update = async (args: object) => (await call(slack, 'views.update', { view: modal('second'), ...args })).body;
    expect(await update({ view_id: view.id, hash: 'stale' })).toMatchObject({ error: 'hash_conflict' });
    expect(await update({ view_id: view.id, hash: view.hash })).toMatchObject({
      ok: true,
      view: { title: plain('second') },
    });
    expect(await update({ view_id: view.id, external_id: 'mine' })).toMatchObject({ error: 'invalid_arguments' });
    await kim.closeView(view);
    expect(await update({ view_id: view.id })).toMatchObject({ error: 'not_found' });
  });

  it('has one view per external id', async () => {
    await using world = await withTrigger();
    await world.open('first', { external_id: 'mine' });
    expect(await world.open('second', { external_id: 'mine' })).toMatchObject({ error: 'duplicate_external_id' });
  });
});

const field = (id: string, element: JsonObject, rest: JsonObject = {}) => ({
  type: 'input',
  block_id: id,
  label: plain(id),
  element: { action_id: 'v', ...element },
  ...rest,
});

describe('filling in a form', () => {
  const blocks = [
    field('text', { type: 'plain_text_input', min_length: 2, max_length: 4 }),
    field(
      'count',
      { type: 'number_input', is_decimal_allowed: false, min_value: '1', max_value: '9' },
      { optional: true },
    ),
    field('pick', { type: 'static_select', options: [{ text: plain('One'), value: '1' }] }),
    field(
      'many',
      {
        type: 'checkboxes',
        options: [
          { text: plain('A'), value: 'a' },
          { text: plain('B'), value: 'b' },
        ],
      },
      { optional: true },
    ),
  ];

  it.each([
    [{}, { text: expect.any(String), pick: expect.any(String) }],
    [{ text: 'a', pick: '1' }, { text: 'Enter at least 2 characters.' }],
    [{ text: 'abcde', pick: '1' }, { text: 'Enter at most 4 characters.' }],
    [{ text: 'ab', pick: '1', count: '0' }, { count: 'At least 1.' }],
    [{ text: 'ab', pick: '1', count: '10' }, { count: 'At most 9.' }],
    [{ text: 'ab', pick: '1', count: '1.5' }, { count: 'Enter a whole number.' }],
  ])('is checked by the client first: %j', async (entries, errors) => {
    await using world = await withTrigger();
    await world.open('form', { submit: plain('Go'), blocks });
    const answer = await world.kim.submit(world.kim.view() ?? { id: '' }, entries);
    expect(answer).toMatchObject({ outcome: 'not_sent', errors });
  });

  it('sends what was entered, as state.values says it', async () => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack);
    const kim = slack.person('kim');
    await kim.slash('/sr form', { channel: '#ops-alerts' });
    const trigger_id = app.received.at(-1)?.payload?.trigger_id;
    await call(slack, 'views.open', { trigger_id, view: modal('form', { submit: plain('Go'), blocks }) });
    const answer = await kim.submit(kim.view() ?? { id: '' }, { text: 'abc', pick: 'One', many: ['a', 'b'] });
    expect(answer).toMatchObject({ outcome: 'ok', view: null });
    expect(app.received.at(-1)?.payload).toMatchObject({
      type: 'view_submission',
      view: {
        state: {
          values: {
            text: { v: { type: 'plain_text_input', value: 'abc' } },
            count: { v: { value: null } },
            pick: { v: { selected_option: { value: '1' } } },
            many: { v: { selected_options: [{ value: 'a' }, { value: 'b' }] } },
          },
        },
      },
    });
  });

  it('throws when somebody enters what the form does not offer', async () => {
    await using world = await withTrigger();
    await world.open('form', { submit: plain('Go'), blocks });
    const view = world.kim.view() ?? { id: '' };
    await expect(world.kim.submit(view, { pick: '7' })).rejects.toThrow('does not offer 7; it offers 1');
    await expect(world.kim.submit(view, { nothing: '7' })).rejects.toThrow('0 fields called nothing');
  });
});

describe('the answer to a submission', () => {
  const answers: readonly (readonly [string, unknown, object, string | null])[] = [
    ['nothing closes the view', {}, { outcome: 'ok' }, null],
    ['clear closes all', { response_action: 'clear' }, { outcome: 'ok' }, null],
    ['update shows another', { response_action: 'update', view: modal('next') }, { outcome: 'ok' }, 'next'],
    ['push puts one on top', { response_action: 'push', view: modal('top') }, { outcome: 'ok' }, 'top'],
    [
      'errors stand at their fields',
      { response_action: 'errors', errors: { text: 'no' } },
      { outcome: 'errors', errors: { text: 'no' } },
      'form',
    ],
    [
      'errors elsewhere are trouble',
      { response_action: 'errors', errors: { other: 'no' } },
      { outcome: 'invalid_response' },
      'form',
    ],
    ['a bad view is trouble', { response_action: 'update', view: modal('') }, { outcome: 'invalid_response' }, 'form'],
    ['an unknown action is trouble', { response_action: 'dance' }, { outcome: 'invalid_response' }, 'form'],
  ];

  it.each(answers)('%s', async (_name, payload, expected, title) => {
    await using slack = await quickSlack();
    const app = await connectRaw(slack, (message) => (message.payload?.type === 'view_submission' ? payload : {}));
    const kim = slack.person('kim');
    await kim.slash('/sr form', { channel: '#ops-alerts' });
    const trigger_id = app.received.at(-1)?.payload?.trigger_id;
    const blocks = [field('text', { type: 'plain_text_input' })];
    await call(slack, 'views.open', { trigger_id, view: modal('form', { submit: plain('Go'), blocks }) });
    expect(await kim.submit(kim.view() ?? { id: '' }, { text: 'x' })).toMatchObject(expected);
    expect(kim.view()?.title ?? null).toBe(title);
    const isTrouble = 'outcome' in expected && expected.outcome === 'invalid_response';
    expect(slack.ctl.complaints()).toHaveLength(isTrouble ? 1 : 0);
  });
});

describe('a menu whose options the app gives', () => {
  const external = (count: number) => ({
    options: Array.from({ length: count }, (_, at) => ({ text: plain(`o${at}`), value: `${at}` })),
  });
  const blocks = [{ type: 'actions', elements: [{ type: 'external_select', action_id: 'find', min_query_length: 0 }] }];

  it.each([
    [100, null],
    [101, 'no more than 100 items allowed'],
  ])('takes %i options or complains', async (count, complaint) => {
    await using slack = await quickSlack();
    await connectRaw(slack, (message) => (message.payload?.type === 'block_suggestion' ? external(count) : {}));
    const kim = slack.person('kim');
    await call(slack, 'chat.postMessage', { channel: slack.channelId('ops-alerts'), text: 'pick', blocks });
    const message = await kim.waitForMessage({ channel: '#ops-alerts', text: 'pick' });
    const asking = kim.suggestions(message, 'find', 'o');
    if (complaint === null) expect((await asking)[1]).toEqual({ text: 'o1', value: '1' });
    else await expect(asking).rejects.toThrow(complaint);
  });
});
