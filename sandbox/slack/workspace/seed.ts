import type { ChannelKind, UserKind } from './types.ts';

export type UserSeed = {
  readonly name: string;
  readonly realName?: string;
  readonly email?: string;
  readonly kind?: UserKind;
  readonly isAdmin?: boolean;
};

export type ChannelSeed = {
  readonly name: string;
  readonly kind?: Exclude<ChannelKind, 'im' | 'mpim'>;
  readonly topic?: string;
  readonly isArchived?: boolean;
  readonly isExternallyShared?: boolean;
  readonly isPostingRestricted?: boolean;
  /** Names of users; the bot is `starwarden` unless the seed calls it otherwise. Default: every active member. */
  readonly members?: readonly string[];
  readonly withoutBot?: boolean;
};

export type Seed = {
  readonly team: { readonly name: string; readonly domain: string };
  readonly bot: { readonly name: string; readonly realName: string; readonly scopes: readonly string[] };
  readonly users: readonly UserSeed[];
  readonly channels: readonly ChannelSeed[];
  readonly groups: readonly { readonly handle: string; readonly users: readonly string[] }[];
};

const botScopes = [
  ...[
    'commands',
    'chat:write',
    'app_mentions:read',
    'im:history',
    'im:write',
    'im:read',
    'users:read',
    'users:read.email',
  ],
  ...['usergroups:read', 'files:write', 'files:read', 'reactions:write', 'channels:read', 'groups:read'],
  ...['channels:history', 'groups:history', 'mpim:history', 'mpim:read', 'mpim:write', 'metadata.message:read'],
];

/** A small company: people of every kind a bot has to tell apart, and channels of every kind it may be pointed at. */
export const defaultSeed: Seed = {
  team: { name: 'Starfield', domain: 'starfield' },
  bot: { name: 'starwarden', realName: 'Starwarden', scopes: botScopes },
  users: [
    { name: 'kim', realName: 'Kim Operator' },
    { name: 'lee', realName: 'Lee Approver' },
    { name: 'ana', realName: 'Ana Admin', isAdmin: true },
    { name: 'gus', realName: 'Gus Guest', kind: 'guest' },
    { name: 'dan', realName: 'Dan Departed', kind: 'deactivated' },
    { name: 'eve', realName: 'Eve External', kind: 'external' },
    { name: 'deploybot', realName: 'Deploy Bot', kind: 'bot' },
  ],
  channels: [
    { name: 'ops-alerts', topic: 'What the clusters complain about' },
    { name: 'sr-demo', topic: 'The demo cluster' },
    { name: 'general', topic: 'Company-wide', withoutBot: true },
    { name: 'old-incident', isArchived: true },
    { name: 'leads', kind: 'private', members: ['lee', 'ana'], withoutBot: true },
    { name: 'sr-private', kind: 'private', members: ['kim', 'lee', 'ana'] },
    { name: 'announcements', isPostingRestricted: true },
    { name: 'partners', isExternallyShared: true, members: ['kim', 'lee', 'ana', 'eve'] },
  ],
  groups: [{ handle: 'oncall', users: ['kim', 'lee'] }],
};
