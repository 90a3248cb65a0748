import type { Core } from '../core.ts';
import type { Channel, User } from '../workspace/types.ts';
import { topView } from '../workspace/views.ts';
import { type Html, html, nothing } from './html.ts';
import { messagesHtml } from './messages-html.ts';
import { homeHtml, modalHtml } from './view-html.ts';

/** What is open: whose screen, and which channel or the app's home. */
export type Screen = { readonly core: Core; readonly reader: User; readonly channel: Channel | 'home' };

/** The whole page; the script replaces `#screen` and `#modal` when something changes. */
export function pageHtml(screen: Screen): Html {
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Slack stand-in</title>
    <meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/_page/style.css">
    <link rel="icon" href="data:,"></head>
    <body data-as="${screen.reader.name}" data-channel="${screen.channel === 'home' ? 'home' : screen.channel.id}">
    <div id="screen">${screenHtml(screen)}</div>
    ${composerHtml(screen)}
    <div id="modal">${overlayHtml(screen)}</div><div id="toast" role="status"></div>
    <script src="/_page/client.js" type="module"></script></body></html>`;
}

export function screenHtml(screen: Screen): Html {
  return html`${sidebarHtml(screen)}<main>${titleHtml(screen)}<div id="messages">${contentHtml(screen)}</div></main>`;
}

export function overlayHtml({ core, reader }: Screen): Html {
  const view = topView(core, reader.id);
  return view === null ? nothing : modalHtml(core, view);
}

function contentHtml({ core, reader, channel }: Screen): Html {
  return channel === 'home' ? homeHtml(core, core.workspace.homes.get(reader.id)) : messagesHtml(core, channel, reader);
}

function titleHtml({ core, reader, channel }: Screen): Html {
  if (channel === 'home') return html`<h1>${core.workspace.botUser.realName} · Home</h1>`;
  const marks = [channel.isArchived ? 'archived' : '', channel.isExternallyShared ? 'shared with others' : ''].filter(
    Boolean,
  );
  return html`<h1>${labelOf(core, channel, reader)} <small>${channel.topic} ${marks.join(', ')}</small>
    <small class="count">${channel.members.size} members</small></h1>`;
}

function sidebarHtml({ core, reader, channel }: Screen): Html {
  const { workspace } = core;
  const people = [...workspace.users.values()].filter((user) => user.kind !== 'bot' && user.kind !== 'deactivated');
  const visible = [...workspace.channels.values()].filter(
    (each) => each.kind === 'public' || each.members.has(reader.id),
  );
  const link = (each: Channel) =>
    html`<a href="?as=${reader.name}&channel=${each.id}" class="${each === channel ? 'here' : ''}">${labelOf(core, each, reader)}</a>`;
  const isDirect = (each: Channel) => each.kind === 'im' || each.kind === 'mpim';
  return html`<nav><h2>${workspace.team.name}</h2>
    <label>You are <select id="reader">${people.map(
      (user) =>
        html`<option value="${user.name}" ${user === reader ? html`selected` : nothing}>${user.realName}</option>`,
    )}</select></label>
    <h3>Channels</h3>${visible.filter((each) => !isDirect(each)).map(link)}
    <h3>Direct messages</h3>${visible.filter(isDirect).map(link)}
    <h3>Apps</h3><a href="?as=${reader.name}&channel=home" class="${channel === 'home' ? 'here' : ''}">⌂ ${workspace.botUser.realName}</a></nav>`;
}

function labelOf(core: Core, channel: Channel, reader: User): string {
  if (channel.kind === 'public') return `# ${channel.name}`;
  if (channel.kind === 'private') return `◈ ${channel.name}`;
  const others = [...channel.members].filter((id) => id !== reader.id);
  return others.map((id) => core.workspace.users.get(id)?.realName ?? id).join(', ');
}

function composerHtml({ core, reader, channel }: Screen): Html {
  if (channel === 'home') return nothing;
  return html`<form id="composer"><span id="thread"></span>
    <input name="text" autocomplete="off" autofocus placeholder="Message ${labelOf(core, channel, reader)} as ${reader.name}: /sr help, @${core.workspace.botUser.name} …">
    <button class="primary">Send</button></form>`;
}
