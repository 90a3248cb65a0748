import { inWords } from '../blocks/rules.ts';
import { viewProblems } from '../blocks/views.ts';
import type { Delivery } from '../deliver/delivery.ts';
import { closedPayload, submissionPayload } from '../deliver/payloads.ts';
import { isObject, type Json, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import { elementsOf, stateKey } from '../workspace/state.ts';
import type { View } from '../workspace/types.ts';
import { closeView as close, closeStack, openView, replaceView, topView, viewStack } from '../workspace/views.ts';
import { enter, isExternal, suggestions } from './act.ts';
import { type Experience, trouble } from './experience.ts';
import { experienceOf, type Person, requireActive } from './person.ts';
import { currentBlocks, findTarget } from './target.ts';
import { type Entry, refusal, stateValue } from './values.ts';

export type ViewRef = { readonly id: string };

/** Fills in a form (entries by block id or by action id) and presses its submit button. */
export async function submit(
  person: Person,
  ref: ViewRef,
  entries: Readonly<Record<string, Entry>>,
): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const view = openModal(person, ref);
  await fill(person, view, entries);
  const startedAt = core.clock.now();
  const errors = refusals(person, view);
  if (Object.keys(errors).length > 0) {
    const delivery: Delivery = { outcome: 'acked', body: null, noRetry: false };
    return experienceOf(person, { delivery, startedAt, what: 'submit', override: { outcome: 'not_sent', errors } });
  }
  const delivery = await transport.send({ kind: 'interactive', payload: submissionPayload(core, user, view) });
  const failed = delivery.outcome === 'acked' ? null : { text: trouble };
  const override = delivery.outcome === 'acked' ? applyAnswer(person, view, delivery.body) : failed;
  return experienceOf(person, { delivery, startedAt, what: 'submit', override: override ?? {} });
}

/** Dismisses a form; the app hears of it when the form asked for that. */
export async function closeView(person: Person, ref: ViewRef, { all = false } = {}): Promise<Experience> {
  requireActive(person);
  const { core, transport, user } = person;
  const view = openModal(person, ref);
  const isCleared = all || view.body.clear_on_close === true;
  const closing = isCleared ? viewStack(core, user.id) : [view];
  const startedAt = core.clock.now();
  let delivery: Delivery = { outcome: 'acked', body: null, noRetry: false };
  for (const each of closing.toReversed()) {
    close(core, each);
    if (each.body.notify_on_close !== true) continue;
    const payload = closedPayload(core, user, each, isCleared);
    delivery = await transport.send({ kind: 'interactive', payload });
  }
  return experienceOf(person, { delivery, startedAt, what: 'close' });
}

function openModal(person: Person, ref: ViewRef): View {
  const view = findTarget(person, ref);
  if ('ts' in view || view.body.type !== 'modal') throw new Error(`${ref.id} is no modal`);
  if (topView(person.core, person.user.id)?.id !== view.id) throw new Error(`${ref.id} is covered by another view`);
  return view;
}

async function fill(person: Person, view: View, entries: Readonly<Record<string, Entry>>): Promise<void> {
  for (const [name, entry] of Object.entries(entries)) {
    const placed = elementsOf(currentBlocks(view)).filter(
      (each) =>
        each.blockId === name ||
        each.element.action_id === name ||
        `${each.blockId}.${String(each.element.action_id)}` === name,
    );
    const [field] = placed;
    if (field === undefined || placed.length > 1) {
      const known = elementsOf(currentBlocks(view)).map((each) => each.blockId);
      throw new Error(`the form has ${placed.length} fields called ${name}; its blocks are ${known.join(', ')}`);
    }
    const { blockId, element } = field;
    const actionId = textOf(element.action_id) ?? '';
    const asked = { target: view, blockId, actionId, query: '' };
    const suggested = isExternal(element) ? await suggestions(person, asked) : [];
    enter(person, view, { blockId, actionId, value: stateValue({ element, suggested }, entry) });
  }
}

/** What the client itself would say, by block id. */
function refusals({ core, user }: Person, view: View): Record<string, string> {
  const values = core.states.get(stateKey(view, user.id)) ?? {};
  const found: Record<string, string> = {};
  for (const block of objectsOf(view.body.blocks).filter((each) => each.type === 'input')) {
    const blockId = textOf(block.block_id) ?? '';
    const actionId = textOf(objectOf(block.element).action_id) ?? '';
    const words = refusal(block, values[blockId]?.[actionId]);
    if (words !== null) found[blockId] = words;
  }
  return found;
}

type Override = Partial<Pick<Experience, 'outcome' | 'text' | 'errors'>>;

/** Does what the acknowledgement of a submission asks for. */
function applyAnswer(person: Person, view: View, body: Json): Override {
  const { core, user } = person;
  if (body === null || body === '' || (isObject(body) && Object.keys(body).length === 0)) {
    close(core, view);
    return {};
  }
  const answer = objectOf(body);
  switch (answer.response_action) {
    case 'clear':
      closeStack(core, user.id);
      return {};
    case 'errors':
      return fieldErrors(person, view, answer.errors);
    case 'update':
    case 'push':
      return changeView(person, view, answer);
    default:
      return nonsense(person, `a submission was answered with ${JSON.stringify(body).slice(0, 200)}`);
  }
}

function fieldErrors(person: Person, view: View, given: Json | undefined): Override {
  const inputs = objectsOf(view.body.blocks).filter((block) => block.type === 'input');
  const known = inputs.map((block) => block.block_id);
  const entries = Object.entries(objectOf(given));
  const isFine = entries.every(([block, text]) => known.includes(block) && typeof text === 'string' && text !== '');
  if (entries.length === 0 || !isFine) {
    return nonsense(person, `errors must name input blocks (${known.join(', ')}): ${JSON.stringify(given ?? null)}`);
  }
  return { outcome: 'errors', errors: Object.fromEntries(entries.map(([block, text]) => [block, String(text)])) };
}

function changeView(person: Person, view: View, answer: JsonObject): Override {
  const { core, user } = person;
  const body = objectOf(answer.view);
  const problems = viewProblems(body, { type: 'modal', settings: core.settings });
  if (problems.length > 0) return nonsense(person, `a submission's view is bad: ${inWords(problems).join('; ')}`);
  if (answer.response_action === 'update') {
    replaceView(core, view, body);
    return {};
  }
  try {
    openView(core, { user: user.id, body, previous: view });
    return {};
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    return nonsense(person, error.message);
  }
}

function nonsense({ core }: Person, complaint: string): Override {
  core.complaints.push(complaint);
  return { outcome: 'invalid_response', text: trouble };
}
