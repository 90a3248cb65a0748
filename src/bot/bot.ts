import type { ModalView } from '@slack/web-api';
import type { Actor } from '../domain/access.ts';
import type { DigestTime } from '../domain/delivery/digest-times.ts';
import type { Engine } from '../runs/engine.ts';
import type { CommandSpec, ParsedCommand } from './commands/grammar.ts';
import type { SeenInSlack } from './lookup.ts';
import type { Clients } from './slack/clients.ts';
import type { Pictures } from './slack/pictures.ts';
import type { Message } from './views/text.ts';

export type BotSettings = {
  readonly botToken: string;
  /** Null when requests come over HTTP. */
  readonly appToken: string | null;
  /** Null in Socket Mode. */
  readonly signingSecret: string | null;
  readonly apiUrl: string | null;
  /** Where people read the files of this repository, ends with a slash; null = cards have no links to runbooks. */
  readonly docsUrl: string | null;
  readonly alertChannel: string | null;
  /** Where messages about alerts go when their channel cannot be reached. */
  readonly fallbackChannel: string | null;
  readonly runChannel: string | null;
  /** When channels get their daily message. */
  readonly digest: DigestTime;
  /** Slack users that act as these people without linking themselves; for the sandbox and the first ADMIN. */
  readonly links: readonly { readonly user: string; readonly owner: string }[];
};

/** The part of the program's context that the bot is built from. */
export type BotContext = Pick<Engine, 'db' | 'log' | 'operations' | 'now'> & {
  readonly config: { readonly holder: string; readonly slack: BotSettings | null };
  readonly doorbell: { onChanged(listener: (topic: string) => void): () => void };
  readonly engine: Engine;
  readonly pictures: Pictures;
};

/** Everything that a command or a click needs. */
export type Bot = Pick<BotContext, 'log' | 'db' | 'operations' | 'engine' | 'now' | 'pictures'> & {
  readonly settings: BotSettings;
  readonly clients: Clients;
  /** Our own ids, as Slack gave them at the start. */
  readonly self: { readonly team: string; readonly user: string };
  readonly seen: SeenInSlack;
  readonly commands: readonly BotCommand[];
  /** Has the cards checked now instead of at the next poll. */
  readonly wakeCards: () => void;
};

/** One thing that somebody did in Slack, after it was acknowledged. */
export type Ask = {
  /** Id of the request in our own tables; also the idempotency key of what it starts. */
  readonly id: string;
  readonly team: string;
  readonly user: string;
  /** Null for forms. */
  readonly channel: string | null;
  /** What was typed, without the slash command; empty for clicks. */
  readonly line: string;
};

type Common = {
  readonly spec: CommandSpec;
  readonly summary: string;
  /** Examples without the slash command. */
  readonly examples: readonly string[];
  /** Sent at once when the answer takes a while; null = the answer is quick. */
  readonly waiting: string | null;
  /** Whether this person could use the verb anywhere; for the help. */
  readonly isAllowed: (actor: Actor) => boolean;
};

/** A verb of `/sr`. Most verbs need a linked person; `anyone` is for the verbs that make a link. */
export type BotCommand = Common &
  (
    | {
        readonly access: 'linked';
        run(bot: Bot, call: { ask: Ask; command: ParsedCommand; actor: Actor }): Promise<Message>;
      }
    | {
        readonly access: 'anyone';
        run(bot: Bot, call: { ask: Ask; command: ParsedCommand; actor: Actor | null }): Promise<Message>;
      }
  );

/** What a button does once it is known who pressed it; null = the card itself is the answer. */
export type ClickAction = {
  readonly kind: 'act';
  run(bot: Bot, click: { ask: Ask; value: string | null; actor: Actor }): Promise<Message>;
};

/**
 * A button that opens a form. A trigger is valid for 3 s, so the form opens before anything is looked up; whether the
 * person may do it is decided when the form comes back. Null = the button's value cannot be read.
 */
export type OpenAction = { readonly kind: 'open'; view(value: string | null): ModalView | null };

/** A menu of which each entry does something else, with a value of its own. Null = the menu has no such entry. */
export type MenuAction = {
  readonly kind: 'menu';
  choose(value: string | null): { readonly action: ClickAction | OpenAction; readonly value: string } | null;
};

/** A button that opens a page by itself; Slack tells of it, and there is nothing to do. */
export type LinkAction = { readonly kind: 'link' };

export type Click = ClickAction | OpenAction | MenuAction | LinkAction;

export type Submission = {
  /** Mistakes that can be seen without asking anybody: texts by block id. */
  check(form: Form): Record<string, string> | null;
  run(bot: Bot, call: { ask: Ask; form: Form; actor: Actor }): Promise<Message>;
};

export type Form = { readonly metadata: string; readonly values: ReadonlyMap<string, string> };
