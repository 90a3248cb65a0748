import { optionsOf } from '../blocks/options.ts';
import { type Json, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import { heldValue } from '../workspace/state.ts';
import type { StateValues } from '../workspace/types.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type Html, html, nothing, raw } from './html.ts';
import { textHtml } from './text-html.ts';

/** What the elements of the message or view hold now. */
export type Held = StateValues;

type Part = { readonly workspace: Workspace; readonly held: Held };

export type Element = { readonly blockId: string; readonly element: JsonObject; readonly isInput: boolean };

/** One control. The page's script finds its way by the `data-*` attributes. */
export function elementHtml(part: Part, { blockId, element, isInput }: Element): Html {
  const type = textOf(element.type) ?? '';
  const actionId = textOf(element.action_id) ?? '';
  if (type === 'image') return html`<img src="${pictureAddress(element)}" alt="${textOf(element.alt_text) ?? ''}">`;
  const held = heldValue(part.held[blockId]?.[actionId]);
  const move = html`data-block="${blockId}" data-action="${actionId}" data-type="${type}" data-input="${isInput ? 1 : 0}"`;
  if (type === 'button') return buttonHtml(part, element, move);
  if (type === 'checkboxes' || type === 'radio_buttons') return choicesHtml(part, { element, move, held });
  if (type.endsWith('select') || type === 'overflow') return menuHtml(part, { element, move, held });
  return fieldHtml(part, { element, move, held });
}

/** Where the page gets a picture from: the web, or the files of the workspace. */
export function pictureAddress(image: JsonObject): string {
  const id = textOf(objectOf(image.slack_file).id);
  return id === null ? (textOf(image.image_url) ?? '') : `/_page/file/${encodeURIComponent(id)}`;
}

type Drawn = { readonly element: JsonObject; readonly move: Html; readonly held: ReturnType<typeof heldValue> };

function buttonHtml(part: Part, element: JsonObject, move: Html): Html {
  const ask = element.confirm === undefined ? nothing : html` data-confirm="${confirmText(part, element.confirm)}"`;
  const label = textOf(element.accessibility_label);
  return html`<button type="button" class="${textOf(element.style) ?? ''}" ${move}${ask}
    ${label === null ? nothing : html`aria-label="${label}"`}>${textHtml(part, element.text)}</button>`;
}

function confirmText(part: Part, confirm: Json): string {
  const { title, text } = objectsOf([confirm])[0] ?? {};
  return [title, text].map((each) => textHtml(part, each).markup.replace(/<[^>]+>/g, '')).join('\n');
}

function choicesHtml(part: Part, { element, move, held }: Drawn): Html {
  const kind = element.type === 'checkboxes' ? 'checkbox' : 'radio';
  const chosen = [held ?? []].flat();
  const choices = optionsOf(element).map((option) => {
    const value = textOf(option.value) ?? '';
    const checked = raw(chosen.includes(value) ? ' checked' : '');
    return html`<label><input type="${kind}" name="${textOf(element.action_id)}" value="${value}"${checked}> ${textHtml(part, option.text)}</label>`;
  });
  return html`<fieldset ${move}>${choices}</fieldset>`;
}

function menuHtml(part: Part, { element, move, held }: Drawn): Html {
  const type = textOf(element.type) ?? '';
  const chosen = [held ?? []].flat();
  const many = type.startsWith('multi_') ? raw(' multiple') : nothing;
  const placeholder = type === 'overflow' ? html`•••` : textHtml(part, element.placeholder);
  const first = type.startsWith('multi_') ? nothing : html`<option value="">${placeholder}</option>`;
  const options = offers(part.workspace, element).map(
    ({ value, label }) =>
      html`<option value="${value}"${raw(chosen.includes(value) ? ' selected' : '')}>${label}</option>`,
  );
  return html`<select ${move}${many}>${first}${options}</select>`;
}

function offers(workspace: Workspace, element: JsonObject): { value: string; label: Html }[] {
  const type = textOf(element.type) ?? '';
  if (type.includes('users'))
    return [...workspace.users.values()].map(({ id, name }) => ({ value: id, label: html`@${name}` }));
  if (type.includes('channels') || type.includes('conversations')) {
    return [...workspace.channels.values()].map(({ id, name }) => ({ value: id, label: html`#${name}` }));
  }
  return optionsOf(element).map((option) => ({
    value: textOf(option.value) ?? '',
    label: textHtml({ workspace }, option.text),
  }));
}

const inputTypes = new Map([
  ['datepicker', 'date'],
  ['timepicker', 'time'],
  ['number_input', 'number'],
  ['email_text_input', 'email'],
  ['url_text_input', 'url'],
]);

function fieldHtml(part: Part, { element, move, held }: Drawn): Html {
  const placeholder = textHtml(part, element.placeholder);
  const value = typeof held === 'string' ? held : '';
  if (element.multiline === true)
    return html`<textarea ${move} rows="4" placeholder="${placeholder}">${value}</textarea>`;
  const type = inputTypes.get(textOf(element.type) ?? '') ?? 'text';
  return html`<input type="${type}" ${move} value="${value}" placeholder="${placeholder}">`;
}
