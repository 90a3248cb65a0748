import type { JsonObject } from '../json.ts';
import { limits } from '../limits.ts';
import { richText } from './rich-text.ts';
import { boolean, ensure, integer, list, object, oneOf, pattern, type Rule, string } from './rules.ts';
import { actionId, confirmDialog, plainText } from './text.ts';

const common = { action_id: actionId, focus_on_load: boolean };
const placeholder = plainText({ max: limits.select.placeholder });
const dispatch = {
  dispatch_action_config: object({
    optional: { trigger_actions_on: list(oneOf('on_enter_pressed', 'on_character_entered'), { min: 1, max: 2 }) },
  }),
};
const length = { min: 0, max: limits.input.textLength };
const numeral = pattern(/^-?\d+(\.\d+)?$/, 'must be a number');
const date = pattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be a date like 2026-01-31');
const time = pattern(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 23:59');

function field(type: string, optional: Readonly<Record<string, Rule>>): Rule {
  return object({ required: { type: oneOf(type) }, optional: { ...common, ...optional } });
}

/** The elements that a person types or picks something into. */
export const inputElements = {
  plain_text_input: object({
    required: { type: oneOf('plain_text_input') },
    optional: {
      ...common,
      ...dispatch,
      placeholder,
      initial_value: string({ max: limits.input.textLength }),
      multiline: boolean,
      min_length: integer(length),
      max_length: integer({ ...length, min: 1 }),
    },
    also: [
      ensure(minimumIsBelowMaximum, 'min_length must be less than or equal to max_length'),
      ensure(initialFits, 'initial_value must be within min_length and max_length'),
    ],
  }),
  number_input: object({
    required: { type: oneOf('number_input'), is_decimal_allowed: boolean },
    optional: { ...common, ...dispatch, placeholder, initial_value: numeral, min_value: numeral, max_value: numeral },
  }),
  email_text_input: field('email_text_input', { ...dispatch, placeholder, initial_value: string() }),
  url_text_input: field('url_text_input', { ...dispatch, placeholder, initial_value: string() }),
  datepicker: field('datepicker', { placeholder, confirm: confirmDialog, initial_date: date }),
  timepicker: field('timepicker', { placeholder, confirm: confirmDialog, initial_time: time, timezone: string() }),
  datetimepicker: field('datetimepicker', {
    confirm: confirmDialog,
    initial_date_time: integer({ min: 0, max: 9_999_999_999 }),
  }),
  file_input: field('file_input', {
    filetypes: list(string({ min: 1 }), { min: 1 }),
    max_files: integer({ min: 1, max: 10 }),
  }),
  rich_text_input: field('rich_text_input', { ...dispatch, placeholder, initial_value: richText }),
};

function minimumIsBelowMaximum(element: JsonObject): boolean {
  const { min_length: min, max_length: max } = element;
  return typeof min !== 'number' || typeof max !== 'number' || min <= max;
}

function initialFits(element: JsonObject): boolean {
  const { initial_value: initial, min_length: min, max_length: max } = element;
  if (typeof initial !== 'string' || initial === '') return true;
  return (typeof min !== 'number' || initial.length >= min) && (typeof max !== 'number' || initial.length <= max);
}
