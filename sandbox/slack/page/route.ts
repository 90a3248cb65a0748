import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { Core } from '../core.ts';
import type { Route } from '../server.ts';
import { pictureType } from '../workspace/pictures.ts';
import { topView } from '../workspace/views.ts';
import { findChannel, findUser } from '../workspace/workspace.ts';
import { overlayHtml, pageHtml, type Screen, screenHtml } from './shell-html.ts';

const files = new Map(
  [
    ['style.css', 'text/css'],
    ['client.js', 'text/javascript'],
  ].map(([name = '', type = '']) => [name, { type, body: readFileSync(new URL(name, import.meta.url)) }]),
);

/** The page at `/`: the workspace as a person sees it, redrawn whenever something changes. */
export function createPageRoute(core: Core): Route {
  return async ({ verb, path, query, response }) => {
    if (verb !== 'GET') return false;
    if (path.length === 0) {
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(pageHtml(screenOf(core, query)).markup);
      return true;
    }
    const [root, name = '', id = ''] = path;
    if (root !== '_page') return false;
    if (name === 'screen') {
      sendScreen(core, screenOf(core, query), response);
      return true;
    }
    if (name === 'changes') {
      streamChanges(core, response);
      return true;
    }
    if (name === 'file') return sendPicture(core, id, response);
    const file = files.get(name);
    if (file === undefined) return false;
    response.writeHead(200, { 'content-type': file.type }).end(file.body);
    return true;
  };
}

function screenOf(core: Core, query: URLSearchParams): Screen {
  const { workspace } = core;
  const people = [...workspace.users.values()].filter((user) => user.kind === 'member');
  const reader = findUser(workspace, query.get('as') ?? '') ?? people[0] ?? workspace.botUser;
  const wanted = query.get('channel') ?? '';
  if (wanted === 'home') return { core, reader, channel: 'home' };
  const found = findChannel(workspace, wanted);
  const isOpen = found !== null && (found.kind === 'public' || found.members.has(reader.id));
  return { core, reader, channel: isOpen ? found : ([...workspace.channels.values()][0] ?? 'home') };
}

function sendScreen(core: Core, screen: Screen, response: ServerResponse): void {
  const top = topView(core, screen.reader.id);
  const modalKey = top === null ? '' : `${top.id} ${top.hash}`;
  const body = { screen: screenHtml(screen).markup, modal: overlayHtml(screen).markup, modalKey };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A picture of the workspace, as the client shows it; other files are not shown. */
function sendPicture(core: Core, id: string, response: ServerResponse): boolean {
  const bytes = core.workspace.files.get(id)?.bytes ?? null;
  const type = pictureType(bytes);
  if (type === null) return false;
  response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(bytes);
  return true;
}

function streamChanges(core: Core, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const tell = () => void response.write('data: changed\n\n');
  core.workspace.changes.on('change', tell);
  response.on('close', () => core.workspace.changes.off('change', tell));
  tell();
}
