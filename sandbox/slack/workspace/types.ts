import type { Json, JsonObject } from '../json.ts';

export type UserKind = 'member' | 'guest' | 'external' | 'deactivated' | 'bot';

export type User = {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly email: string;
  kind: UserKind;
  readonly isAdmin: boolean;
  readonly teamId: string;
};

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

export type Channel = {
  readonly id: string;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly topic: string;
  isArchived: boolean;
  readonly isExternallyShared: boolean;
  /** Only admins may post. */
  isPostingRestricted: boolean;
  readonly members: Set<string>;
};

export type UserGroup = { readonly id: string; readonly handle: string; readonly users: readonly string[] };

/** What a message shows; an edit keeps the former ones. */
export type Content = {
  readonly text: string;
  readonly blocks: readonly JsonObject[];
  readonly attachments: readonly JsonObject[];
  readonly metadata: JsonObject | null;
};

/** Who a message would make a phone ring for, and what it links to. */
export type Notice = {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly broadcasts: readonly string[];
  readonly links: readonly string[];
};

export type Message = {
  readonly ts: string;
  readonly channel: string;
  readonly author: string;
  /** The app's bot id when an app wrote it. */
  readonly botId: string | null;
  content: Content;
  readonly history: Content[];
  editedTs: string | null;
  readonly threadTs: string | null;
  readonly isBroadcast: boolean;
  /** Ephemeral messages have one reader; null = everyone in the channel. */
  readonly visibleTo: string | null;
  isDeleted: boolean;
  notice: Notice;
  readonly reactions: Map<string, Set<string>>;
  readonly files: string[];
};

export type View = {
  readonly id: string;
  readonly user: string;
  readonly rootId: string;
  readonly previousId: string | null;
  hash: string;
  body: JsonObject;
  isOpen: boolean;
};

export type StoredFile = {
  readonly id: string;
  readonly name: string;
  readonly length: number;
  readonly altText: string | null;
  readonly expiresAt: number;
  bytes: Buffer | null;
  title: string;
  isComplete: boolean;
  /** When the upload was completed; its type is known a little later. */
  completedAt: number | null;
  readonly shares: { readonly channel: string; readonly ts: string }[];
};

/** What an element holds now, as `view.state.values` says it: block id -> action id -> value. */
export type StateValues = Record<string, Record<string, Json>>;
