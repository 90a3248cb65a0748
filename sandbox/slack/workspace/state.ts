import { type Json, type JsonObject, listOf, objectOf, objectsOf, textOf } from '../json.ts';
import type { Message, StateValues, View } from './types.ts';

/** One person's entries in one message or view. */
export function stateKey(target: Message | View, user: string): string {
  return 'ts' in target ? `${target.channel} ${target.ts} ${user}` : `${target.id} ${user}`;
}

/** The elements that hold a value; a button does not. */
const stateless = ['button', 'overflow', 'image', 'feedback_buttons', 'icon_button', 'workflow_button'];

export type Placed = { readonly blockId: string; readonly block: JsonObject; readonly element: JsonObject };

/** Every interactive element of some blocks, with the block it stands in. */
export function elementsOf(blocks: readonly JsonObject[]): Placed[] {
  return blocks.flatMap((block) => {
    const blockId = textOf(block.block_id) ?? '';
    const holdsElements = ['actions', 'context_actions'].includes(textOf(block.type) ?? '');
    const held = [
      ...(holdsElements ? objectsOf(block.elements) : []),
      ...objectsOf([block.accessory ?? null, block.element ?? null]),
    ];
    const nested = objectsOf(block.child_blocks);
    const own = held
      .filter((element) => element.action_id !== undefined)
      .map((element) => ({ blockId, block, element }));
    return [...own, ...elementsOf(nested)];
  });
}

/** What the elements hold before anybody has touched them. */
export function initialState(body: JsonObject): StateValues {
  const values: StateValues = {};
  for (const { blockId, element } of elementsOf(objectsOf(body.blocks))) {
    if (stateless.includes(textOf(element.type) ?? '')) continue;
    values[blockId] = { ...values[blockId], [textOf(element.action_id) ?? '']: initialValue(element) };
  }
  return values;
}

/** The property of `state.values` that an element of this type fills. */
export const valueKeys: Readonly<Record<string, string>> = {
  static_select: 'selected_option',
  external_select: 'selected_option',
  users_select: 'selected_user',
  conversations_select: 'selected_conversation',
  channels_select: 'selected_channel',
  multi_static_select: 'selected_options',
  multi_external_select: 'selected_options',
  multi_users_select: 'selected_users',
  multi_conversations_select: 'selected_conversations',
  multi_channels_select: 'selected_channels',
  checkboxes: 'selected_options',
  radio_buttons: 'selected_option',
  overflow: 'selected_option',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
  datetimepicker: 'selected_date_time',
  rich_text_input: 'rich_text_value',
  file_input: 'files',
};

function initialValue(element: JsonObject): Json {
  const type = textOf(element.type) ?? '';
  const key = valueKeys[type] ?? 'value';
  const initial =
    element[key.replace('selected_', 'initial_')] ?? element.initial_value ?? (key.endsWith('s') ? [] : null);
  return { type, [key]: initial };
}

/** What an element holds, as text or texts, for showing and checking; null = nothing. */
export function heldValue(state: Json | undefined): string | readonly string[] | null {
  const { type, ...rest } = objectOf(state);
  const value = Object.values(rest)[0] ?? null;
  if (Array.isArray(value)) return listOf(value).flatMap((each) => labelOf(each) ?? []);
  return type === undefined ? null : labelOf(value);
}

function labelOf(value: Json): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return textOf(objectOf(value).value) ?? (value === null ? null : JSON.stringify(value));
}
