import { limits } from '../limits.ts';
import {
  eitherOptionsOrGroups,
  initialIsAnOption,
  menuOption,
  optionGroups,
  optionList,
  uniqueValues,
} from './options.ts';
import { boolean, integer, list, object, oneOf, type Rule, string } from './rules.ts';
import { actionId, confirmDialog, plainText } from './text.ts';

const common = {
  action_id: actionId,
  confirm: confirmDialog,
  focus_on_load: boolean,
  placeholder: plainText({ max: limits.select.placeholder }),
};
const several = { max_selected_items: integer({ min: 1, max: 100 }) };
const id = string({ min: 1 });
const ids = list(id);
const options = { options: optionList, option_groups: optionGroups };
const minimum = { min_query_length: integer({ min: 0, max: 1_000 }) };
const conversations = {
  default_to_current_conversation: boolean,
  filter: object({
    optional: {
      include: list(oneOf('im', 'mpim', 'private', 'public'), { min: 1 }),
      exclude_external_shared_channels: boolean,
      exclude_bot_users: boolean,
    },
  }),
};
const single = { response_url_enabled: boolean };

function select(type: string, optional: Readonly<Record<string, Rule>>): Rule {
  return object({ required: { type: oneOf(type) }, optional: { ...common, ...optional } });
}

function staticSelect(type: string, optional: Readonly<Record<string, Rule>>): Rule {
  return object({
    required: { type: oneOf(type) },
    optional: { ...common, ...options, ...optional },
    also: [eitherOptionsOrGroups, uniqueValues, initialIsAnOption],
  });
}

/** The ten menus, by what fills them. */
export const selects = {
  static_select: staticSelect('static_select', { initial_option: menuOption }),
  external_select: select('external_select', { ...minimum, initial_option: menuOption }),
  users_select: select('users_select', { initial_user: id }),
  conversations_select: select('conversations_select', { ...conversations, ...single, initial_conversation: id }),
  channels_select: select('channels_select', { ...single, initial_channel: id }),
  multi_static_select: staticSelect('multi_static_select', {
    ...several,
    initial_options: list(menuOption, { min: 1 }),
  }),
  multi_external_select: select('multi_external_select', { ...several, ...minimum, initial_options: list(menuOption) }),
  multi_users_select: select('multi_users_select', { ...several, initial_users: ids }),
  multi_conversations_select: select('multi_conversations_select', {
    ...several,
    ...conversations,
    initial_conversations: ids,
  }),
  multi_channels_select: select('multi_channels_select', { ...several, initial_channels: ids }),
};
