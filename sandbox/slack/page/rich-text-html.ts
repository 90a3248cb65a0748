import { type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type Html, html } from './html.ts';

export function richTextHtml(workspace: Workspace, elements: readonly JsonObject[]): Html {
  const inner = (element: JsonObject) => objectsOf(element.elements).map((each) => inline(workspace, each));
  return html`${elements.map((element) => {
    switch (element.type) {
      case 'rich_text_preformatted':
        return html`<pre>${inner(element)}</pre>`;
      case 'rich_text_quote':
        return html`<q>${inner(element)}</q>`;
      case 'rich_text_list':
        return html`<ul>${objectsOf(element.elements).map((each) => html`<li>${inner(each)}</li>`)}</ul>`;
      default:
        return html`<p>${inner(element)}</p>`;
    }
  })}`;
}

function inline(workspace: Workspace, element: JsonObject): Html {
  const text = textOf(element.text) ?? '';
  switch (element.type) {
    case 'user':
      return html`<span class="mention">@${workspace.users.get(textOf(element.user_id) ?? '')?.name ?? 'unknown'}</span>`;
    case 'broadcast':
      return html`<span class="mention loud">@${textOf(element.range)}</span>`;
    case 'link':
      return html`<a href="${textOf(element.url)}" target="_blank" rel="noreferrer">${text || textOf(element.url)}</a>`;
    default:
      return styled(objectOf(element.style), html`${text || textOf(element.name)}`);
  }
}

function styled(style: JsonObject, inner: Html): Html {
  if (style.code === true) return html`<code>${inner}</code>`;
  if (style.bold === true) return html`<b>${inner}</b>`;
  if (style.italic === true) return html`<i>${inner}</i>`;
  return style.strike === true ? html`<s>${inner}</s>` : inner;
}
