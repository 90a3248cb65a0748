import { optionGroups, optionList, optionsOf } from '../blocks/options.ts';
import { inWords, type Rule } from '../blocks/rules.ts';
import { changed } from '../core.ts';
import type { Delivery } from '../deliver/delivery.ts';
import { messageActionPayload, suggestionPayload, viewActionPayload } from '../deliver/payloads.ts';
import { isObject, type Json, type JsonObject, objectOf, textOf } from '../json.ts';
import { initialState, stateKey } from '../workspace/state.ts';
import type { Message, View } from '../workspace/types.ts';
import { type Experience, trouble } from './experience.ts';
import { experienceOf, type Person, requireActive } from './person.ts';
import { currentBlocks, findElement, findTarget, type TargetRef } from './target.ts';
import { type Entry, stateValue } from './values.ts';

export type ActOptions = {
  readonly blockId?: string;
  /** 2 = a double click, 30 ms apart. */
  readonly times?: number;
  readonly evenIfGone?: boolean;
  /** false = the person reads the confirmation and steps back. */
  readonly confirm?: boolean;
};

export type ActRequest = {
  readonly ref: TargetRef;
  readonly actionId: string;
  readonly entry?: Entry;
  readonly options: ActOptions;
};

const doubleClickMs = 30;

/** What is pressed; everything else is chosen from. */
const pressable = ['button', 'icon_button'];

/** Presses a button, or chooses in a menu when there is an entry. */
export async function act(person: Person, { ref, actionId, entry, options }: ActRequest): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const { evenIfGone = false, times = 1 } = options;
  const target = findTarget(person, ref, { evenIfGone });
  const { blockId, element } = findElement(target, { actionId, blockId: options.blockId, evenIfGone });
  const startedAt = core.clock.now();
  if (element.confirm !== undefined && options.confirm === false) {
    const delivery: Delivery = { outcome: 'acked', body: null, noRetry: false };
    return experienceOf(person, { delivery, startedAt, what: actionId, override: { outcome: 'not_sent' } });
  }
  const isMenu = entry !== undefined;
  if (isMenu === pressable.includes(textOf(element.type) ?? ''))
    throw new Error(`${actionId} is a ${String(element.type)}`);
  const suggested =
    isMenu && isExternal(element) ? await suggestions(person, { target, blockId, actionId, query: '' }) : [];
  const value = isMenu ? stateValue({ element, suggested }, entry) : buttonValue(element);
  if (isMenu && element.type !== 'overflow') enter(person, target, { blockId, actionId, value });

  const action: JsonObject = {
    ...value,
    type: element.type,
    action_id: actionId,
    block_id: blockId,
    action_ts: core.ids.ts(),
  };
  const send = () => {
    const payload =
      'ts' in target ? messageActionPayload(core, user, target, action) : viewActionPayload(core, user, target, action);
    return transport.send({ kind: 'interactive', payload });
  };
  const deliveries: Promise<Delivery>[] = [];
  for (let count = 0; count < times; count += 1) {
    if (count > 0) await new Promise((done) => setTimeout(done, doubleClickMs));
    deliveries.push(send());
  }
  const all = await Promise.all(deliveries);
  const delivery = all.find((each) => each.outcome !== 'acked') ?? all[0];
  if (delivery === undefined) throw new Error('times must be at least 1');
  return experienceOf(person, { delivery, startedAt, what: actionId, override: { opened: textOf(element.url) } });
}

function buttonValue(element: JsonObject): JsonObject {
  return { text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
}

export type Entered = { readonly blockId: string; readonly actionId: string; readonly value: Json };

/** Remembers what the person has put in, as `state.values` will say it. */
export function enter({ core, user }: Person, target: Message | View, { blockId, actionId, value }: Entered): void {
  const key = stateKey(target, user.id);
  const values = core.states.get(key) ?? initialState({ blocks: currentBlocks(target) });
  values[blockId] = { ...values[blockId], [actionId]: value };
  core.states.set(key, values);
  changed(core);
}

export function isExternal(element: JsonObject): boolean {
  return element.type === 'external_select' || element.type === 'multi_external_select';
}

export type Asked = {
  readonly target: Message | View;
  readonly blockId: string;
  readonly actionId: string;
  readonly query: string;
};

/** The options that the app gives for what was typed; throws when its answer is none that Slack would show. */
export async function suggestions({ core, transport, user }: Person, asked: Asked): Promise<readonly JsonObject[]> {
  const payload = suggestionPayload(core, user, asked);
  const delivery = await transport.send({ kind: 'interactive', payload });
  if (delivery.outcome !== 'acked') throw new Error(`${asked.actionId}: ${delivery.outcome}, so no options are shown`);
  const body = objectOf(delivery.body);
  const where = { pointer: '', surface: 'modal', settings: core.settings } as const;
  const problems = [
    ...relaxed(optionList)(body.options ?? [], where),
    ...relaxed(optionGroups)(body.option_groups ?? [], where),
  ];
  if (!isObject(delivery.body) || problems.length > 0) {
    const words = `options for ${asked.actionId} were refused: ${inWords(problems).join('; ') || trouble}`;
    core.complaints.push(words);
    throw new Error(words);
  }
  return optionsOf(body);
}

/** No match is a fine answer to a search. */
function relaxed(rule: Rule): Rule {
  return (value, where) => (Array.isArray(value) && value.length === 0 ? [] : rule(value, where));
}
