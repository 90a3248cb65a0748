import { describe, expect, it } from 'vitest';
import { checkMessage } from '../../../sandbox/slack/blocks/message.ts';
import type { JsonObject } from '../../../sandbox/slack/json.ts';
import { defaultSettings as settings } from '../../../sandbox/slack/settings.ts';
import { chars, mrkdwn, plain, section, times } from './helpers.ts';
import { wordsOf } from './verdict.ts';

/** What Slack would say to a message of these blocks. */
function verdict(blocks: readonly JsonObject[], text = 'fallback'): string {
  const draft = { text, blocks, attachments: null, metadata: null };
  return wordsOf(() => checkMessage(draft, { settings, isUpdate: false }));
}

const button = (rest: JsonObject = {}) => ({ type: 'button', text: plain('Go'), ...rest });
const actions = (...elements: JsonObject[]) => ({ type: 'actions', elements });
const option = (value: string, rest: JsonObject = {}) => ({ text: plain(value), value, ...rest });
const options = (count: number) => times(count, (at) => option(`o${at}`));
const menu = (rest: JsonObject) => actions({ type: 'static_select', action_id: 'a', ...rest });
const choice = (type: string, count: number) => actions({ type, options: options(count) });
const confirm = (rest: JsonObject) => actions(button({ confirm: { text: plain('Sure?'), ...rest } }));
const image = (rest: JsonObject) => ({
  type: 'image',
  alt_text: 'a chart',
  image_url: 'https://example.org/a.png',
  ...rest,
});
const table = (rows: number, columns: number) => ({
  type: 'table',
  rows: times(rows, () => times(columns, () => ({ type: 'raw_text', text: 'x' }))),
});
const card = (rest: JsonObject) => ({ type: 'card', ...rest });

/** name, the block that just passes, the block that just fails, what Slack says to it */
const limits: readonly (readonly [string, JsonObject, JsonObject, string])[] = [
  [
    'section text',
    section(chars(3_000)),
    section(chars(3_001)),
    'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'empty section text',
    section('x'),
    section(''),
    'must be more than 0 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'section fields',
    { type: 'section', fields: times(10, () => mrkdwn('x')) },
    { type: 'section', fields: times(11, () => mrkdwn('x')) },
    'no more than 10 items allowed [json-pointer:/blocks/0/fields]',
  ],
  [
    'field text',
    { type: 'section', fields: [mrkdwn(chars(2_000))] },
    { type: 'section', fields: [mrkdwn(chars(2_001))] },
    'must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]',
  ],
  [
    'section content',
    { type: 'section', fields: [plain('x')] },
    { type: 'section' },
    'must provide either text or fields [json-pointer:/blocks/0]',
  ],
  [
    'header text',
    { type: 'header', text: plain(chars(150)) },
    { type: 'header', text: plain(chars(151)) },
    'must be less than 151 characters [json-pointer:/blocks/0/text/text]',
  ],
  [
    'header type',
    { type: 'header', text: plain('x') },
    { type: 'header', text: mrkdwn('x') },
    'unsupported type: mrkdwn [json-pointer:/blocks/0/text]',
  ],
  [
    'context elements',
    { type: 'context', elements: times(10, () => mrkdwn('x')) },
    { type: 'context', elements: times(11, () => mrkdwn('x')) },
    'no more than 10 items allowed [json-pointer:/blocks/0/elements]',
  ],
  [
    'actions elements',
    actions(...times(25, (at) => button({ action_id: `a${at}` }))),
    actions(...times(26, (at) => button({ action_id: `a${at}` }))),
    'no more than 25 items allowed [json-pointer:/blocks/0/elements]',
  ],
  [
    'button text',
    actions(button({ text: plain(chars(75)) })),
    actions(button({ text: plain(chars(76)) })),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]',
  ],
  [
    'button value',
    actions(button({ value: chars(2_000) })),
    actions(button({ value: chars(2_001) })),
    'must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]',
  ],
  [
    'button url',
    actions(button({ url: `https://e.org/${chars(2_986)}` })),
    actions(button({ url: `https://e.org/${chars(2_987)}` })),
    'must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]',
  ],
  [
    'button label',
    actions(button({ accessibility_label: chars(75) })),
    actions(button({ accessibility_label: chars(76) })),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/accessibility_label]',
  ],
  [
    'action_id',
    actions(button({ action_id: chars(255) })),
    actions(button({ action_id: chars(256) })),
    'must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]',
  ],
  [
    'block_id',
    { ...section('x'), block_id: chars(255) },
    { ...section('x'), block_id: chars(256) },
    'must be less than 256 characters [json-pointer:/blocks/0/block_id]',
  ],
  [
    'unlike action_ids',
    actions(button({ action_id: 'a' }), button({ action_id: 'b' })),
    actions(button({ action_id: 'a' }), button({ action_id: 'a' })),
    '`action_id` already exists in the block: a [json-pointer:/blocks/0/elements/1/action_id]',
  ],
  [
    'options',
    menu({ options: options(100) }),
    menu({ options: options(101) }),
    'no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'at least one option',
    menu({ options: options(1) }),
    menu({ options: [] }),
    'no fewer than 1 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'option groups',
    menu({ option_groups: times(100, (at) => ({ label: plain('g'), options: [option(`o${at}`)] })) }),
    menu({ option_groups: times(101, (at) => ({ label: plain('g'), options: [option(`o${at}`)] })) }),
    'no more than 100 items allowed [json-pointer:/blocks/0/elements/0/option_groups]',
  ],
  [
    'option text',
    menu({ options: [option('v', { text: plain(chars(75)) })] }),
    menu({ options: [option('v', { text: plain(chars(76)) })] }),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]',
  ],
  [
    'option value',
    menu({ options: [option('v', { value: chars(75) })] }),
    menu({ options: [option('v', { value: chars(76) })] }),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/value]',
  ],
  [
    'option description',
    menu({ options: [option('v', { description: plain(chars(75)) })] }),
    menu({ options: [option('v', { description: plain(chars(76)) })] }),
    'must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/description/text]',
  ],
  [
    'unlike values',
    menu({ options: [option('a'), option('b')] }),
    menu({ options: [option('a'), option('a')] }),
    'options must have unique values [json-pointer:/blocks/0/elements/0]',
  ],
  [
    'initial option',
    menu({ options: options(2), initial_option: option('o1') }),
    menu({ options: options(2), initial_option: option('o2') }),
    'initial_option must match one of the options [json-pointer:/blocks/0/elements/0]',
  ],
  [
    'placeholder',
    menu({ options: options(1), placeholder: plain(chars(150)) }),
    menu({ options: options(1), placeholder: plain(chars(151)) }),
    'must be less than 151 characters [json-pointer:/blocks/0/elements/0/placeholder/text]',
  ],
  [
    'overflow',
    choice('overflow', 5),
    choice('overflow', 6),
    'no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'radio buttons',
    choice('radio_buttons', 10),
    choice('radio_buttons', 11),
    'no more than 10 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'checkboxes',
    choice('checkboxes', 10),
    choice('checkboxes', 11),
    'no more than 10 items allowed [json-pointer:/blocks/0/elements/0/options]',
  ],
  [
    'confirm title',
    confirm({ title: plain(chars(100)) }),
    confirm({ title: plain(chars(101)) }),
    'must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]',
  ],
  [
    'confirm text',
    confirm({ text: plain(chars(300)) }),
    confirm({ text: plain(chars(301)) }),
    'must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]',
  ],
  [
    'confirm button',
    confirm({ deny: plain(chars(30)) }),
    confirm({ deny: plain(chars(31)) }),
    'must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]',
  ],
  [
    'alt text',
    image({ alt_text: chars(2_000) }),
    image({ alt_text: chars(2_001) }),
    'must be less than 2001 characters [json-pointer:/blocks/0/alt_text]',
  ],
  [
    'alt text given',
    image({}),
    { type: 'image', image_url: 'https://e.org/a.png' },
    'missing required field: alt_text [json-pointer:/blocks/0]',
  ],
  [
    'image address',
    image({ image_url: 'http://e.org/a.png' }),
    image({ image_url: 'file:///a.png' }),
    'must be a valid URL [json-pointer:/blocks/0/image_url]',
  ],
  [
    'one image source',
    image({}),
    image({ slack_file: { id: 'F012345678' } }),
    'must provide either image_url or slack_file [json-pointer:/blocks/0]',
  ],
  [
    'slack_file id or url',
    { type: 'image', alt_text: 'a', slack_file: { id: 'F012345678' } },
    { type: 'image', alt_text: 'a', slack_file: { id: 'F012345678', url: 'https://e.org/a' } },
    'must provide either id or url [json-pointer:/blocks/0/slack_file]',
  ],
  ['table rows', table(100, 1), table(101, 1), 'no more than 100 items allowed [json-pointer:/blocks/0/rows]'],
  ['table columns', table(1, 20), table(1, 21), 'no more than 20 items allowed [json-pointer:/blocks/0/rows/0]'],
  [
    'card title',
    card({ title: mrkdwn(chars(150)) }),
    card({ title: mrkdwn(chars(151)) }),
    'must be less than 151 characters [json-pointer:/blocks/0/title/text]',
  ],
  [
    'card body',
    card({ body: mrkdwn(chars(200)) }),
    card({ body: mrkdwn(chars(201)) }),
    'must be less than 201 characters [json-pointer:/blocks/0/body/text]',
  ],
  [
    'carousel',
    { type: 'carousel', elements: times(10, () => card({})) },
    { type: 'carousel', elements: times(11, () => card({})) },
    'no more than 10 items allowed [json-pointer:/blocks/0/elements]',
  ],
  [
    'container',
    { type: 'container', child_blocks: times(10, () => section('x')) },
    { type: 'container', child_blocks: times(11, () => section('x')) },
    'no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]',
  ],
  [
    'known properties',
    section('x'),
    { ...section('x'), colour: 'red' },
    'invalid additional property: colour [json-pointer:/blocks/0]',
  ],
  ['known types', { type: 'divider' }, { type: 'divide' }, 'unsupported type: divide [json-pointer:/blocks/0]'],
  ['a type', section('x'), { text: plain('x') }, 'missing required field: type [json-pointer:/blocks/0]'],
  [
    'text that is text',
    section('x'),
    { type: 'section', text: { type: 'mrkdwn', text: 7 } },
    'must be a string [json-pointer:/blocks/0/text/text]',
  ],
  [
    'elements in their place',
    actions(button()),
    actions({ type: 'plain_text_input' }),
    'unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0]',
  ],
  [
    'no input blocks in messages',
    section('x'),
    { type: 'input', label: plain('x'), element: { type: 'plain_text_input' } },
    'unsupported type: input [json-pointer:/blocks/0]',
  ],
  [
    'no alert blocks in messages',
    section('x'),
    { type: 'alert', text: plain('x') },
    'unsupported type: alert [json-pointer:/blocks/0]',
  ],
];

describe('blocks of a message', () => {
  it.each(limits)('have a limit on %s', (_name, passes, fails, words) => {
    expect(verdict([passes])).toBe('ok');
    expect(verdict([fails])).toBe(`invalid_blocks: ${words}`);
  });

  it('are at most 50', () => {
    expect(verdict(times(50, () => section('x')))).toBe('ok');
    expect(verdict(times(51, () => section('x')))).toBe(
      'invalid_blocks: no more than 50 items allowed [json-pointer:/blocks]',
    );
  });

  it('do not share a block_id', () => {
    const twins = [
      { ...section('x'), block_id: 'b' },
      { ...section('y'), block_id: 'b' },
    ];
    expect(verdict(twins)).toContain('`block_id` already exists in the blocks: b');
  });

  it('hold one table', () => {
    expect(verdict([table(1, 1), table(1, 1)])).toContain('only one table allowed');
  });

  it('hold no more text than Slack takes in sum', () => {
    const four = times(4, () => section(chars(2_500)));
    expect(verdict(four)).toBe('ok');
    expect(verdict([...four, section('x')])).toBe('msg_blocks_too_long');
  });
});
