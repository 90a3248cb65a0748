import type { InputBlock } from '@slack/web-api';
import type { Json } from '../../domain/json.ts';
import { AppError } from '../../errors.ts';
import { type InputField, type InputType, upperFirst } from '../../operations/input/input-field.ts';
import { kebab } from '../commands/grammar.ts';
import { plain } from '../views/text.ts';
import { action, type FormPlace, listOf, wayTo } from './form-path.ts';

type Element = InputBlock['element'];

/** The longest text that a field of a form holds. */
const longestText = 3_000;
/** A field whose text may be longer than this gets several lines. */
const longestLine = 1_024;
const mostOptions = 100;

/** The block of a field that is neither an object nor a list of objects. */
export function leafBlock(field: InputField, value: Json | undefined, at: FormPlace): InputBlock {
  const { type, description } = field;
  const isLines = type.kind === 'list' && !isChosen(type.of);
  return {
    type: 'input',
    block_id: wayTo(at.path),
    // A box may stay empty: that means no.
    optional: at.isOptional || isBox(field),
    label: { type: 'plain_text', text: labelOf(field.name) },
    hint: { type: 'plain_text', text: plain(isLines ? `${description} One a line.` : description, 2_000) },
    element: elementOf(field, value, at),
  };
}

/** The block that says whether an optional object is given. */
export function switchBlock(
  { name, description }: InputField,
  { isOn, at }: { isOn: boolean; at: FormPlace },
): InputBlock {
  return {
    type: 'input',
    block_id: wayTo(at.path),
    optional: true,
    label: { type: 'plain_text', text: labelOf(name) },
    hint: { type: 'plain_text', text: plain(description, 2_000) },
    element: box(isOn),
  };
}

/** `timeoutSeconds` → `Timeout seconds`, `clusterId` → `Cluster`. */
export function labelOf(name: string): string {
  return plain(upperFirst(kebab(name).replaceAll('-', ' ')), 75);
}

/** A boolean with a default is a box; without one it has three answers: yes, no and none. */
export function isBox({ type, defaultValue }: InputField): boolean {
  return type.kind === 'boolean' && typeof defaultValue === 'boolean';
}

/** Values that are picked, not typed. */
export function isChosen(type: InputType): boolean {
  return type.kind === 'id' || type.kind === 'enum';
}

function elementOf(field: InputField, value: Json | undefined, at: FormPlace): Element {
  const { type } = field;
  switch (type.kind) {
    case 'text':
      return textInput(field.name, {
        text: typeof value === 'string' ? value : '',
        most: type.maxLength ?? longestText,
        isLong: (type.maxLength ?? 0) > longestLine,
      });
    case 'integer':
      return {
        type: 'number_input',
        action_id: action,
        is_decimal_allowed: false,
        min_value: String(type.min),
        max_value: String(type.max),
        ...(value === undefined ? {} : { initial_value: String(value) }),
      };
    case 'boolean':
      return isBox(field) ? box(value === true) : yesOrNo(value);
    case 'id':
    case 'enum':
      return oneOf(type, value, at);
    case 'list':
      return isChosen(type.of) ? severalOf(type.of, value, at) : lines(field.name, type.of, value);
    default:
      throw new Error(`${wayTo(at.path)} is an object and has blocks of its own`);
  }
}

function textInput(name: string, { text, most, isLong }: { text: string; most: number; isLong: boolean }): Element {
  if (text.length > longestText) throw tooLong(name);
  return {
    type: 'plain_text_input',
    action_id: action,
    multiline: isLong,
    max_length: Math.min(most, longestText),
    ...(text === '' ? {} : { initial_value: text }),
  };
}

/** A list of texts or numbers, one on each line. */
function lines(name: string, of: InputType, value: Json | undefined): Element {
  if (of.kind !== 'text' && of.kind !== 'integer') throw new Error(`${name} is a list that no form can hold`);
  const items = listOf(value).map(String);
  if (items.some((item) => item.includes('\n'))) throw tooLong(name);
  return textInput(name, { text: items.join('\n'), most: longestText, isLong: true });
}

function tooLong(name: string): AppError {
  return new AppError('PRECONDITION_FAILED', `What ${name} is now does not fit into a form`, {
    hint: 'Change it over the API.',
  });
}

const on = option('true', 'Yes');
const off = option('false', 'No');

function box(isOn: boolean): Element {
  return { type: 'checkboxes', action_id: action, options: [on], ...(isOn ? { initial_options: [on] } : {}) };
}

function yesOrNo(value: Json | undefined): Element {
  const given = value === true ? on : value === false ? off : undefined;
  return {
    type: 'radio_buttons',
    action_id: action,
    options: [on, off],
    ...(given === undefined ? {} : { initial_option: given }),
  };
}

/**
 * Rows are searched for by what is typed, since there may be more than a menu holds; the values of an enum are all in the
 * menu.
 */
function oneOf(type: InputType, value: Json | undefined, at: FormPlace): Element {
  const known = optionsOf(type);
  const [initial] = value === undefined ? [] : chosen([value], known, at);
  const start = initial === undefined ? {} : { initial_option: initial };
  return known === null
    ? { type: 'external_select', action_id: action, min_query_length: 0, ...start }
    : { type: 'static_select', action_id: action, options: known, ...start };
}

function severalOf(type: InputType, value: Json | undefined, at: FormPlace): Element {
  const known = optionsOf(type);
  const initial = chosen(listOf(value), known, at);
  const start = initial.length === 0 ? {} : { initial_options: initial };
  return known === null
    ? { type: 'multi_external_select', action_id: action, min_query_length: 0, ...start }
    : { type: 'multi_static_select', action_id: action, options: known, ...start };
}

type Option = ReturnType<typeof option>;

function optionsOf(type: InputType): Option[] | null {
  if (type.kind !== 'enum') return null;
  const values = Object.entries(type.values);
  if (values.length > mostOptions) throw new Error(`${type.name} has more values than a menu of Slack holds`);
  return values.map(([value, meaning]) => option(value, value.replaceAll('_', ' ').toLowerCase(), meaning));
}

function chosen(values: readonly Json[], known: readonly Option[] | null, { nameOf }: FormPlace): Option[] {
  return values.map(String).flatMap((value) => {
    if (known === null) return [option(value, nameOf(value) ?? value)];
    return known.filter((each) => each.value === value);
  });
}

function option(value: string, text: string, description?: string) {
  return {
    value,
    text: { type: 'plain_text' as const, text: plain(text, 75) },
    ...(description === undefined
      ? {}
      : { description: { type: 'plain_text' as const, text: plain(description, 75) } }),
  };
}
