import { type Json, type JsonObject, listOf, objectOf, objectsOf } from '../json.ts';
import { limits } from '../limits.ts';
import { ensure, list, type ObjectRule, object, type Rule, string } from './rules.ts';
import { anyText, plainText, webAddress } from './text.ts';

const optionValue: Rule = (value, where) => string({ min: 1, max: where.settings.optionValue })(value, where);

function option(text: Rule, { withUrl = false } = {}): Rule {
  return object({
    required: { text, value: optionValue },
    optional: { description: plainText({ max: limits.option.description }), ...(withUrl ? { url: webAddress } : {}) },
  });
}

const plain = plainText({ max: limits.option.text });
/** Lists and checkboxes differ: only the latter show mrkdwn. */
export const menuOption = option(plain);
export const choiceOption = option(anyText({ max: limits.option.text }));
export const overflowOption = option(plain, { withUrl: true });

export const optionList = list(menuOption, { min: 1, max: limits.select.options });

export const optionGroups = list(
  object({ required: { label: plainText({ max: limits.option.text }), options: optionList } }),
  { min: 1, max: limits.select.groups },
);

/** Every option of an element, groups opened. */
export function optionsOf(element: JsonObject): readonly JsonObject[] {
  const grouped = objectsOf(element.option_groups).flatMap((group) => objectsOf(group.options));
  return [...objectsOf(element.options), ...grouped];
}

export const uniqueValues: ObjectRule = ensure((element) => {
  const values = optionsOf(element).map((each) => each.value);
  return new Set(values).size === values.length;
}, 'options must have unique values');

export const eitherOptionsOrGroups: ObjectRule = ensure(
  (element) => (element.options === undefined) !== (element.option_groups === undefined),
  'must provide either options or option_groups',
);

export const initialIsAnOption: ObjectRule = ensure((element) => {
  const initial = [
    ...(element.initial_option === undefined ? [] : [element.initial_option]),
    ...listOf(element.initial_options),
  ];
  const offered = optionsOf(element).map(identity);
  return initial.every((each) => offered.includes(identity(each)));
}, 'initial_option must match one of the options');

function identity(each: Json): string {
  const chosen = objectOf(each);
  return JSON.stringify([chosen.value, objectOf(chosen.text).text]);
}
