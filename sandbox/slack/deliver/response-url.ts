import { checkMessage } from '../blocks/message.ts';
import type { Core, ResponseUrl } from '../core.ts';
import { isObject, type Json, type JsonObject, objectsOf, parseJson, textOf } from '../json.ts';
import { lives } from '../limits.ts';
import { SlackError } from '../slack-error.ts';
import { complainOfUnseen, shareShown, shownFiles } from '../workspace/pictures.ts';
import { deleteMessage, editMessage, postMessage } from '../workspace/post.ts';
import type { Message } from '../workspace/types.ts';

export type NewResponseUrl = Pick<ResponseUrl, 'user' | 'channel' | 'originalTs' | 'threadTs'>;

export function issueResponseUrl(core: Core, url: NewResponseUrl): string {
  const id = core.ids.secret('');
  core.responseUrls.set(id, { ...url, at: core.clock.now(), uses: 0 });
  return `${core.url}/response/${core.workspace.team.id}/${id}`;
}

export type ResponseAnswer = { readonly status: number; readonly body: JsonObject };

/** What Slack does with a post to a response URL. */
export function respond(core: Core, id: string, contentType: string, raw: Buffer): ResponseAnswer {
  const url = core.responseUrls.get(id);
  if (url === undefined) return refused(404, 'invalid_url');
  if (core.clock.now() - url.at > lives.responseUrlMs) return refused(404, 'expired_url');
  if (url.uses >= lives.responseUrlUses) return refused(404, 'used_url');
  if (!contentType.toLowerCase().startsWith('application/json')) return refused(400, 'invalid_post_type');
  const body = parseJson(raw.toString('utf8'));
  if (!isObject(body)) return refused(400, 'invalid_payload');
  try {
    applyResponse(core, url, body);
    url.uses += 1;
    return { status: 200, body: { ok: true } };
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    core.complaints.push(`a response URL was given a bad message: ${error.message}`);
    return refused(400, error.code);
  }
}

const known = [
  ...['text', 'blocks', 'attachments', 'metadata', 'response_type', 'replace_original', 'delete_original'],
  ...['thread_ts', 'mrkdwn', 'unfurl_links', 'unfurl_media', 'parse', 'link_names'],
];

function applyResponse(core: Core, url: ResponseUrl, body: JsonObject): void {
  const unknown = Object.keys(body).filter((key) => !known.includes(key));
  if (core.settings.strict && unknown.length > 0) throw new SlackError('invalid_arg_name', unknown);
  if (body.delete_original === true) {
    const original = originalOf(core, url);
    if (original !== null) deleteMessage(core, original);
    if (body.text === undefined && body.blocks === undefined) return;
  }
  const original = body.replace_original === true ? originalOf(core, url) : null;
  if (original === null) {
    postResponse(core, url, body);
    return;
  }
  editMessage(core, original, checkMessage(draftFrom(body), { settings: core.settings, isUpdate: false }).content);
}

/** Posts what an acknowledgement or a response carries, for everyone or for the person who asked. */
export function postResponse(core: Core, url: NewResponseUrl, body: JsonObject): Message {
  const { content } = checkMessage(draftFrom(body), { settings: core.settings, isUpdate: false });
  const type = body.response_type ?? 'ephemeral';
  if (type !== 'ephemeral' && type !== 'in_channel') throw new SlackError('invalid_response_type');
  const shown = type === 'ephemeral' ? [] : shownFiles(core, content);
  if (type === 'ephemeral') complainOfUnseen(core, content);
  const message = postMessage(core, {
    channel: url.channel,
    author: core.workspace.botUser.id,
    botId: core.workspace.botId,
    content,
    threadTs: textOf(body.thread_ts) ?? url.threadTs,
    visibleTo: type === 'ephemeral' ? url.user : null,
  });
  shareShown(shown, message);
  return message;
}

function draftFrom(body: JsonObject) {
  return {
    text: textOf(body.text),
    blocks: listOrNull(body.blocks, 'invalid_blocks_format'),
    attachments: listOrNull(body.attachments, 'invalid_attachments'),
    metadata: isObject(body.metadata) ? body.metadata : null,
  };
}

function listOrNull(value: Json | undefined, error: string): readonly JsonObject[] | null {
  if (value === undefined || value === null) return null;
  const objects = objectsOf(value);
  if (!Array.isArray(value) || objects.length !== value.length) throw new SlackError(error);
  return objects;
}

function originalOf(core: Core, url: ResponseUrl): Message | null {
  const found = core.workspace.messages.find((each) => each.channel === url.channel && each.ts === url.originalTs);
  return found === undefined || found.isDeleted ? null : found;
}

function refused(status: number, error: string): ResponseAnswer {
  return { status, body: { ok: false, error } };
}
