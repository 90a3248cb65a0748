import type { JsonObject } from '../json.ts';
import type { Message } from './types.ts';
import type { Workspace } from './workspace.ts';

/** A message as the Web API and interaction payloads write it. */
export function messageJson(workspace: Workspace, message: Message, { withMetadata = false } = {}): JsonObject {
  const { content } = message;
  const replies = workspace.messages.filter(
    (each) =>
      each.channel === message.channel && each.threadTs === message.ts && !each.isDeleted && each.visibleTo === null,
  );
  const reactions = [...message.reactions].map(([name, users]) => ({ name, users: [...users], count: users.size }));
  return {
    type: 'message',
    ts: message.ts,
    user: message.author,
    team: workspace.team.id,
    text: content.text,
    ...(message.botId === null ? {} : { bot_id: message.botId, app_id: workspace.appId }),
    ...(content.blocks.length > 0 ? { blocks: content.blocks } : {}),
    ...(content.attachments.length > 0 ? { attachments: content.attachments } : {}),
    ...(message.editedTs === null ? {} : { edited: { user: message.author, ts: message.editedTs } }),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.isBroadcast ? { subtype: 'thread_broadcast' } : {}),
    ...(replies.length > 0
      ? { thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)?.ts ?? message.ts }
      : {}),
    ...(reactions.length > 0 ? { reactions } : {}),
    ...(message.files.length > 0 ? { files: message.files.map((id) => ({ id })) } : {}),
    ...(withMetadata && content.metadata !== null ? { metadata: content.metadata } : {}),
  };
}
