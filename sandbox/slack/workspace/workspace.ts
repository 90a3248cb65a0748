import { EventEmitter } from 'node:events';
import type { Ids } from './ids.ts';
import type { Seed } from './seed.ts';
import type { Channel, Message, StoredFile, User, UserGroup, View } from './types.ts';

/** Everything the stand-in knows: plain maps, changed only by the methods and the hands. */
export type Workspace = {
  readonly team: { readonly id: string; readonly name: string; readonly domain: string };
  readonly appId: string;
  readonly botId: string;
  readonly botUser: User;
  readonly users: Map<string, User>;
  readonly channels: Map<string, Channel>;
  readonly groups: Map<string, UserGroup>;
  readonly messages: Message[];
  readonly views: Map<string, View>;
  readonly homes: Map<string, View>;
  readonly files: Map<string, StoredFile>;
  /** Emits `change` whenever something a person could see is different. */
  readonly changes: EventEmitter;
};

export function createWorkspace(seed: Seed, ids: Ids): Workspace {
  const team = { id: ids.next('T'), ...seed.team };
  const users = new Map<string, User>();
  const add = (user: Omit<User, 'id'>): User => {
    const stored = { id: ids.next('U'), ...user };
    users.set(stored.id, stored);
    return stored;
  };
  const botUser = add({
    name: seed.bot.name,
    realName: seed.bot.realName,
    email: '',
    kind: 'bot',
    isAdmin: false,
    teamId: team.id,
  });
  for (const user of seed.users) {
    add({
      name: user.name,
      realName: user.realName ?? user.name,
      email: user.email ?? `${user.name}@${seed.team.domain}.example`,
      kind: user.kind ?? 'member',
      isAdmin: user.isAdmin ?? false,
      teamId: user.kind === 'external' ? ids.next('T') : team.id,
    });
  }
  const byName = (name: string) => [...users.values()].find((user) => user.name === name)?.id;
  const everyone = [...users.values()].filter((user) => user.kind === 'member' || user.kind === 'guest');

  const channels = new Map<string, Channel>();
  for (const channel of seed.channels) {
    const members = channel.members?.flatMap((name) => byName(name) ?? []) ?? everyone.map((user) => user.id);
    const id = ids.next('C');
    channels.set(id, {
      id,
      name: channel.name,
      kind: channel.kind ?? 'public',
      topic: channel.topic ?? '',
      isArchived: channel.isArchived ?? false,
      isExternallyShared: channel.isExternallyShared ?? false,
      isPostingRestricted: channel.isPostingRestricted ?? false,
      members: new Set(channel.withoutBot === true ? members : [...members, botUser.id]),
    });
  }

  const groups = new Map<string, UserGroup>();
  for (const group of seed.groups) {
    const id = ids.next('S');
    groups.set(id, { id, handle: group.handle, users: group.users.flatMap((name) => byName(name) ?? []) });
  }

  return {
    team,
    appId: ids.next('A'),
    botId: ids.next('B'),
    botUser,
    users,
    channels,
    groups,
    messages: [],
    views: new Map(),
    homes: new Map(),
    files: new Map(),
    changes: new EventEmitter().setMaxListeners(0),
  };
}

export function findUser(workspace: Workspace, nameOrId: string): User | null {
  const name = nameOrId.replace(/^@/, '');
  return workspace.users.get(name) ?? [...workspace.users.values()].find((user) => user.name === name) ?? null;
}

/** For people and tests, who say `#ops-alerts`; the Web API takes ids only. */
export function findChannel(workspace: Workspace, nameOrId: string): Channel | null {
  const name = nameOrId.replace(/^#/, '');
  const channels = [...workspace.channels.values()];
  return workspace.channels.get(name) ?? channels.find((channel) => channel.name === name) ?? null;
}

/** The direct conversation of these people, made when it is not there yet. */
export function openConversation(workspace: Workspace, users: readonly string[], ids: Ids): Channel {
  const wanted = new Set(users);
  const kind = wanted.size > 2 ? 'mpim' : 'im';
  const existing = [...workspace.channels.values()].find(
    (channel) =>
      channel.kind === kind && channel.members.size === wanted.size && users.every((user) => channel.members.has(user)),
  );
  if (existing !== undefined) return existing;
  const id = ids.next(kind === 'im' ? 'D' : 'G');
  const channel: Channel = {
    id,
    name: kind === 'im' ? 'directmessage' : `mpdm-${[...wanted].join('-').toLowerCase()}`,
    kind,
    topic: '',
    isArchived: false,
    isExternallyShared: false,
    isPostingRestricted: false,
    members: wanted,
  };
  workspace.channels.set(id, channel);
  return channel;
}

export function findMessage(workspace: Workspace, channel: string, ts: string): Message | null {
  const found = workspace.messages.find((message) => message.channel === channel && message.ts === ts);
  return found === undefined || found.isDeleted ? null : found;
}
