import { type Json, objectOf, textOf } from '../json.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { emoji } from './emoji.ts';
import { type Html, html } from './html.ts';
import { mrkdwnHtml } from './mrkdwn-html.ts';

/** A text object; plain text shows emoji and nothing else. */
export function textHtml({ workspace }: { readonly workspace: Workspace }, value: Json | undefined): Html {
  const { type, text } = objectOf(value);
  const content = textOf(text) ?? '';
  if (type === 'mrkdwn') return mrkdwnHtml(workspace, content);
  return html`${content.replace(/:([a-z0-9_+-]+):/g, (whole, name: string) => emoji.get(name) ?? whole)}`;
}
