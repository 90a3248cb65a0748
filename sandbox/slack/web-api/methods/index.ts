import type { Method } from '../method.ts';
import { authTest, botsInfo, connectionsOpen } from './app.ts';
import { deleteMessage, getPermalink, updateMessage } from './chat-change.ts';
import { postEphemeral, postMessage } from './chat-post.ts';
import { deleteScheduled, listScheduled, scheduleMessage } from './chat-schedule.ts';
import { conversationsInfo, conversationsList, conversationsMembers, conversationsOpen } from './conversations.ts';
import { completeUpload, fileInfo, getUploadUrl } from './files.ts';
import { history, replies } from './history.ts';
import { addReaction, removeReaction } from './reactions.ts';
import { groupMembers, groupsList } from './usergroups.ts';
import { lookupByEmail, usersInfo, usersList } from './users.ts';
import { openView, publishView, pushView, updateView } from './views.ts';

const all: readonly Method[] = [
  ...[authTest, botsInfo, connectionsOpen],
  ...[postMessage, postEphemeral, updateMessage, deleteMessage, getPermalink],
  ...[scheduleMessage, listScheduled, deleteScheduled],
  ...[conversationsInfo, conversationsList, conversationsMembers, conversationsOpen, history, replies],
  ...[openView, updateView, pushView, publishView],
  ...[usersInfo, usersList, lookupByEmail, groupMembers, groupsList],
  ...[addReaction, removeReaction, getUploadUrl, completeUpload, fileInfo],
];

export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));
