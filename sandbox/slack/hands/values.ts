import { optionsOf } from '../blocks/options.ts';
import { type Json, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import { valueKeys } from '../workspace/state.ts';

/** What a person enters: text, a choice by its value, several choices, or a file/rich text as JSON. */
export type Entry = string | number | readonly string[] | null;

export type Offered = { readonly element: JsonObject; readonly suggested?: readonly JsonObject[] };

/** Turns an entry into what `state.values` holds; throws when the element does not offer it. */
export function stateValue({ element, suggested = [] }: Offered, entry: Entry): JsonObject {
  const type = textOf(element.type) ?? '';
  const key = valueKeys[type] ?? 'value';
  return { type, [key]: entryValue(key, { element, suggested }, entry) };
}

function entryValue(key: string, offered: Required<Offered>, entry: Entry): Json {
  if (entry === null || entry === '') return key.endsWith('s') ? [] : null;
  switch (key) {
    case 'selected_option':
      return chosen(offered, String(entry));
    case 'selected_options':
      return many(entry).map((value) => chosen(offered, value));
    case 'selected_users':
    case 'selected_channels':
    case 'selected_conversations':
    case 'files':
      return many(entry);
    case 'selected_date_time':
      return Number(entry);
    case 'rich_text_value':
      return {
        type: 'rich_text',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: String(entry) }] }],
      };
    default:
      return Array.isArray(entry) ? entry : String(entry);
  }
}

function many(entry: Exclude<Entry, null>): readonly string[] {
  return typeof entry === 'string' || typeof entry === 'number' ? [String(entry)] : entry;
}

function chosen({ element, suggested }: Required<Offered>, value: string): JsonObject {
  const all = [...optionsOf(element), ...suggested];
  const option = all.find((each) => each.value === value || objectOf(each.text).text === value);
  if (option !== undefined) return option;
  const offers = all.map((each) => String(each.value)).join(', ') || 'nothing';
  throw new Error(`${String(element.action_id)} does not offer ${value}; it offers ${offers}`);
}

/** Why the client would not send this field, or null. */
export function refusal(block: JsonObject, state: Json | undefined): string | null {
  const element = objectOf(block.element);
  const { type: _, ...rest } = objectOf(state);
  const value = Object.values(rest)[0] ?? null;
  const isEmpty = value === null || value === '' || (Array.isArray(value) && value.length === 0);
  if (isEmpty) return block.optional === true ? null : 'Please complete this required field.';
  if (element.type === 'number_input') return numberRefusal(element, String(value));
  if (element.type === 'email_text_input') return /^\S+@\S+\.\S+$/.test(String(value)) ? null : 'Enter a valid email.';
  if (element.type === 'url_text_input') return /^https?:\/\/\S+$/.test(String(value)) ? null : 'Enter a valid URL.';
  if (element.type === 'plain_text_input') return lengthRefusal(element, String(value));
  const most = element.max_selected_items;
  if (typeof most === 'number' && objectsOf(value).length > most) return `Select at most ${most} items.`;
  return null;
}

function lengthRefusal(element: JsonObject, value: string): string | null {
  const { min_length: min, max_length: max = 3_000 } = element;
  if (typeof min === 'number' && value.length < min) return `Enter at least ${min} characters.`;
  return typeof max === 'number' && value.length > max ? `Enter at most ${max} characters.` : null;
}

function numberRefusal(element: JsonObject, value: string): string | null {
  if (!/^-?\d+(\.\d+)?$/.test(value)) return 'Enter a number.';
  if (element.is_decimal_allowed === false && value.includes('.')) return 'Enter a whole number.';
  if (element.min_value !== undefined && Number(value) < Number(element.min_value))
    return `At least ${String(element.min_value)}.`;
  return element.max_value !== undefined && Number(value) > Number(element.max_value)
    ? `At most ${String(element.max_value)}.`
    : null;
}
