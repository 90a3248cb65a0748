import { blockLines } from '../hands/lines.ts';
import { type JsonObject, listOf, objectsOf, textOf } from '../json.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { elementHtml, type Held, pictureAddress } from './elements-html.ts';
import { type Html, html, nothing } from './html.ts';
import { mrkdwnHtml } from './mrkdwn-html.ts';
import { richTextHtml } from './rich-text-html.ts';
import { textHtml } from './text-html.ts';

/** How to draw blocks: whose names to use, what the elements hold, what the client has to say about fields. */
export type Drawing = { readonly workspace: Workspace; readonly held: Held };

export function blocksHtml(drawing: Drawing, blocks: readonly JsonObject[]): Html[] {
  return blocks.map((block) => html`<div class="block ${textOf(block.type)}">${blockHtml(drawing, block)}</div>`);
}

function blockHtml(drawing: Drawing, block: JsonObject): Html {
  const blockId = textOf(block.block_id) ?? '';
  const element = (value: JsonObject) =>
    elementHtml(drawing, { blockId, element: value, isInput: block.type === 'input' });
  switch (block.type) {
    case 'section':
      return html`<div class="words">${block.text === undefined ? nothing : html`<p>${textHtml(drawing, block.text)}</p>`}
        ${fieldsHtml(drawing, block)}</div>${objectsOf([block.accessory ?? null]).map(element)}`;
    case 'header':
      return html`<h3>${textHtml(drawing, block.text)}</h3>`;
    case 'divider':
      return html`<hr>`;
    case 'context':
      return html`${objectsOf(block.elements).map((each) =>
        each.type === 'image' ? element(each) : html`<span>${textHtml(drawing, each)}</span>`,
      )}`;
    case 'actions':
    case 'context_actions':
      return html`${objectsOf(block.elements).map(element)}`;
    case 'input':
      return html`<label>${textHtml(drawing, block.label)}${block.optional === true ? html` <small>(optional)</small>` : nothing}</label>
        ${objectsOf([block.element ?? null]).map(element)}
        ${block.hint === undefined ? nothing : html`<small>${textHtml(drawing, block.hint)}</small>`}
        <output data-error="${blockId}"></output>`;
    case 'image':
      return html`${block.title === undefined ? nothing : html`<p>${textHtml(drawing, block.title)}</p>`}
        <img src="${pictureAddress(block)}" alt="${textOf(block.alt_text) ?? ''}">`;
    case 'markdown':
      return html`<p>${mrkdwnHtml(drawing.workspace, (textOf(block.text) ?? '').replaceAll('**', '*'))}</p>`;
    case 'rich_text':
      return richTextHtml(drawing.workspace, objectsOf(block.elements));
    case 'table':
      return tableHtml(drawing, block);
    default:
      return html`<p>${blockLines(drawing.workspace, block).join(' ')}</p>`;
  }
}

function fieldsHtml(drawing: Drawing, block: JsonObject): Html {
  const fields = objectsOf(block.fields);
  if (fields.length === 0) return nothing;
  return html`<div class="fields">${fields.map((each) => html`<p>${textHtml(drawing, each)}</p>`)}</div>`;
}

function tableHtml({ workspace }: Drawing, block: JsonObject): Html {
  const cell = (each: JsonObject) =>
    html`<td>${each.type === 'rich_text' ? richTextHtml(workspace, objectsOf(each.elements)) : (textOf(each.text) ?? '')}</td>`;
  return html`<table>${listOf(block.rows).map((row) => html`<tr>${objectsOf(row).map(cell)}</tr>`)}</table>`;
}
