import { describe, expect, it } from 'vitest';
import { checkView } from '../../../sandbox/slack/blocks/views.ts';
import type { JsonObject } from '../../../sandbox/slack/json.ts';
import { defaultSettings as settings } from '../../../sandbox/slack/settings.ts';
import { chars, plain, section, times } from './helpers.ts';
import { wordsOf } from './verdict.ts';

function viewVerdict(view: JsonObject): string {
  return wordsOf(() => checkView(view, { type: 'modal', settings }));
}

const modal = (rest: JsonObject = {}) => ({ type: 'modal', title: plain('Title'), blocks: [section('x')], ...rest });
const input = { type: 'input', label: plain('Name'), element: { type: 'plain_text_input' } };
const withInput = (rest: JsonObject) => modal({ submit: plain('Go'), blocks: [{ ...input, ...rest }] });

const viewLimits: readonly (readonly [string, JsonObject, JsonObject, string])[] = [
  [
    'title',
    modal({ title: plain(chars(24)) }),
    modal({ title: plain(chars(25)) }),
    'must be less than 25 characters [json-pointer:/view/title/text]',
  ],
  ['title given', modal(), { type: 'modal', blocks: [] }, 'missing required field: title [json-pointer:/view]'],
  [
    'submit',
    modal({ submit: plain(chars(24)) }),
    modal({ submit: plain(chars(25)) }),
    'must be less than 25 characters [json-pointer:/view/submit/text]',
  ],
  [
    'close',
    modal({ close: plain(chars(24)) }),
    modal({ close: plain(chars(25)) }),
    'must be less than 25 characters [json-pointer:/view/close/text]',
  ],
  [
    'submit with inputs',
    withInput({}),
    modal({ blocks: [input] }),
    'missing required field: submit [json-pointer:/view]',
  ],
  [
    'blocks',
    modal({ blocks: times(100, () => section('x')) }),
    modal({ blocks: times(101, () => section('x')) }),
    'no more than 100 items allowed [json-pointer:/view/blocks]',
  ],
  [
    'private_metadata',
    modal({ private_metadata: chars(3_000) }),
    modal({ private_metadata: chars(3_001) }),
    'must be less than 3001 characters [json-pointer:/view/private_metadata]',
  ],
  [
    'callback_id',
    modal({ callback_id: chars(255) }),
    modal({ callback_id: chars(256) }),
    'must be less than 256 characters [json-pointer:/view/callback_id]',
  ],
  [
    'external_id',
    modal({ external_id: chars(255) }),
    modal({ external_id: chars(256) }),
    'must be less than 256 characters [json-pointer:/view/external_id]',
  ],
  [
    'input label',
    withInput({ label: plain(chars(2_000)) }),
    withInput({ label: plain(chars(2_001)) }),
    'must be less than 2001 characters [json-pointer:/view/blocks/0/label/text]',
  ],
  [
    'input hint',
    withInput({ hint: plain(chars(2_000)) }),
    withInput({ hint: plain(chars(2_001)) }),
    'must be less than 2001 characters [json-pointer:/view/blocks/0/hint/text]',
  ],
  [
    'max_length',
    withInput({ element: { type: 'plain_text_input', max_length: 3_000 } }),
    withInput({ element: { type: 'plain_text_input', max_length: 3_001 } }),
    'must be less than or equal to 3000 [json-pointer:/view/blocks/0/element/max_length]',
  ],
  [
    'min below max',
    withInput({ element: { type: 'plain_text_input', min_length: 2, max_length: 2 } }),
    withInput({ element: { type: 'plain_text_input', min_length: 3, max_length: 2 } }),
    'min_length must be less than or equal to max_length [json-pointer:/view/blocks/0/element]',
  ],
  ['properties', modal(), modal({ footer: 'x' }), 'invalid additional property: footer [json-pointer:/view]'],
  ['the type', modal(), { type: 'home', blocks: [] }, 'must be a valid enum value [json-pointer:/view/type]'],
  [
    'alerts, which it may hold',
    modal({ blocks: [{ type: 'alert', level: 'error', text: plain('x') }] }),
    modal({ blocks: [{ type: 'alert', level: 'red', text: plain('x') }] }),
    'must be a valid enum value [json-pointer:/view/blocks/0/level]',
  ],
];

describe('a modal', () => {
  it.each(viewLimits)('has a limit on its %s', (_name, passes, fails, words) => {
    expect(viewVerdict(passes)).toBe('ok');
    expect(viewVerdict(fails)).toBe(`invalid_arguments: ${words}`);
  });

  it('is at most 250 kB', () => {
    const heavy = (count: number) => modal({ blocks: times(count, () => section(chars(2_950))) });
    expect(viewVerdict(heavy(80))).toBe('ok');
    expect(viewVerdict(heavy(90))).toBe('view_too_large');
  });
});
