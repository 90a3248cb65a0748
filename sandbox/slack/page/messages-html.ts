import type { Core } from '../core.ts';
import { isVisible } from '../hands/seen.ts';
import { type JsonObject, objectsOf, textOf } from '../json.ts';
import { pictureType } from '../workspace/pictures.ts';
import { stateKey } from '../workspace/state.ts';
import type { Channel, Message, User } from '../workspace/types.ts';
import { blocksHtml, type Drawing } from './blocks-html.ts';
import { emoji } from './emoji.ts';
import { type Html, html, nothing } from './html.ts';
import { mrkdwnHtml } from './mrkdwn-html.ts';

/** A channel as this person sees it, threads below their parents. */
export function messagesHtml(core: Core, channel: Channel, reader: User): Html {
  const visible = core.workspace.messages.filter((each) => each.channel === channel.id && isVisible(each, reader.id));
  const repliesTo = (parent: Message) => visible.filter((each) => each.threadTs === parent.ts && !each.isBroadcast);
  const top = visible.filter((each) => each.threadTs === null || each.isBroadcast);
  if (top.length === 0) return html`<p class="empty">Nothing has been said in #${channel.name} yet.</p>`;
  return html`${top.map((message) => {
    const replies = repliesTo(message);
    return html`<article class="thread">${messageHtml(core, message, reader)}${
      replies.length === 0
        ? nothing
        : html`<div class="replies"><small>${replies.length} ${replies.length === 1 ? 'reply' : 'replies'}</small>
          ${replies.map((reply) => messageHtml(core, reply, reader))}</div>`
    }</article>`;
  })}`;
}

function messageHtml(core: Core, message: Message, reader: User): Html {
  const author = core.workspace.users.get(message.author);
  const name = author?.realName ?? 'Slackbot';
  const held = core.states.get(stateKey(message, reader.id)) ?? {};
  const drawing: Drawing = { workspace: core.workspace, held };
  const { content } = message;
  const canReply = message.visibleTo === null && message.threadTs === null;
  return html`<section class="message${message.visibleTo === null ? '' : ' ephemeral'}" data-channel="${message.channel}" data-ts="${message.ts}">
    <i class="avatar tint${[...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 6}">${name.slice(0, 1)}</i>
    <div class="body">
      ${message.visibleTo === null ? nothing : html`<small class="only">◌ Only visible to you</small>`}
      <header><b>${name}</b>${message.botId === null ? nothing : html`<span class="app">APP</span>`}
        <small title="${message.ts}">${timeOf(message.ts)}</small>
        ${message.isBroadcast ? html`<small>replied to a thread</small>` : nothing}
        ${canReply ? html`<button type="button" class="quiet" data-reply="${message.ts}">Reply</button>` : nothing}</header>
      ${content.blocks.length > 0 ? blocksHtml(drawing, content.blocks) : textLine(core, content.text)}
      ${content.attachments.map((each) => attachmentHtml(drawing, each))}
      ${message.editedTs === null ? nothing : html`<small class="edited" title="${message.history.length} edits">(edited)</small>`}
      ${message.files.map((id) => fileHtml(core, id))}
      ${reactionsHtml(message)}
    </div></section>`;
}

function textLine(core: Core, text: string): Html {
  return text === '' ? nothing : html`<p>${mrkdwnHtml(core.workspace, text)}</p>`;
}

const colorWords: Readonly<Record<string, string>> = { good: '2eb67d', warning: 'ecb22e', danger: 'e01e5a' };

function attachmentHtml(drawing: Drawing, attachment: JsonObject): Html {
  const color = textOf(attachment.color) ?? 'dddddd';
  const hex = colorWords[color] ?? color;
  const style = /^[0-9a-fA-F]{3,8}$/.test(hex) ? `border-color:#${hex}` : '';
  const words = [attachment.pretext, attachment.title, attachment.text].flatMap((text) => textOf(text) ?? []);
  return html`<div class="attachment" style="${style}">
    ${words.map((text) => html`<p>${mrkdwnHtml(drawing.workspace, text)}</p>`)}
    ${objectsOf(attachment.fields).map((each) => html`<p><b>${textOf(each.title)}</b><br>${textOf(each.value)}</p>`)}
    ${blocksHtml(drawing, objectsOf(attachment.blocks))}</div>`;
}

function fileHtml(core: Core, id: string): Html {
  const file = core.workspace.files.get(id);
  if (file === undefined) return nothing;
  const title = html`<p class="file">${file.title} <small>${file.length} bytes</small></p>`;
  if (pictureType(file.bytes) === null) return title;
  return html`${title}<div class="block image"><img src="/_page/file/${id}" alt="${file.altText ?? ''}"></div>`;
}

function reactionsHtml(message: Message): Html {
  if (message.reactions.size === 0) return nothing;
  const shown = [...message.reactions].map(
    ([name, users]) => html`<span>${emoji.get(name) ?? `:${name}:`} ${users.size}</span>`,
  );
  return html`<div class="reactions">${shown}</div>`;
}

function timeOf(ts: string): string {
  return `${new Date(Number(ts) * 1_000).toISOString().slice(11, 16)} UTC`;
}
