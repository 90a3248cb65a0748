import type { Core } from '../core.ts';
import { objectsOf } from '../json.ts';
import { stateKey } from '../workspace/state.ts';
import type { View } from '../workspace/types.ts';
import { blocksHtml } from './blocks-html.ts';
import { type Html, html, nothing } from './html.ts';
import { textHtml } from './text-html.ts';

/** A modal with its buttons, as a form that the page's script sends. */
export function modalHtml(core: Core, view: View): Html {
  const { workspace } = core;
  const { title, submit, close } = view.body;
  return html`<form class="modal" data-view="${view.id}" data-hash="${view.hash}" novalidate>
    <header><b>${textHtml({ workspace }, title)}</b><button type="button" class="quiet" data-close>✕</button></header>
    <div class="body">${viewBlocks(core, view)}</div>
    <footer><button type="button" data-close>${close === undefined ? 'Close' : textHtml({ workspace }, close)}</button>
    ${submit === undefined ? nothing : html`<button type="submit" class="primary">${textHtml({ workspace }, submit)}</button>`}
    </footer></form>`;
}

export function homeHtml(core: Core, view: View | undefined): Html {
  if (view === undefined) return html`<p class="empty">The app has published nothing here yet.</p>`;
  return html`<section class="home" data-view="${view.id}">${viewBlocks(core, view)}</section>`;
}

function viewBlocks(core: Core, view: View): Html[] {
  const held = core.states.get(stateKey(view, view.user)) ?? {};
  return blocksHtml({ workspace: core.workspace, held }, objectsOf(view.body.blocks));
}
