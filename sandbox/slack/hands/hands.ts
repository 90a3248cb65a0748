import { patienceMs } from '../../patience.ts';
import { objectOf, textOf } from '../json.ts';
import type { User } from '../workspace/types.ts';
import { topView } from '../workspace/views.ts';
import { openConversation } from '../workspace/workspace.ts';
import { type ActOptions, act, suggestions } from './act.ts';
import type { Experience } from './experience.ts';
import { closeView, submit, type ViewRef } from './form.ts';
import { channelFor, type Person } from './person.ts';
import { type SeenMessage, type SeenView, seenChannel, seenView } from './seen.ts';
import { findElement, findTarget, type TargetRef } from './target.ts';
import { openHome, type SayOptions, say, slash } from './type.ts';
import type { Entry } from './values.ts';

export type Suggestion = { readonly text: string; readonly value: string };

export type MessageMatch = {
  readonly channel: string;
  /** Contained in a line on the screen or in the fallback text; a RegExp is tried on all lines joined. */
  readonly text?: string | RegExp;
  readonly where?: (message: SeenMessage) => boolean;
  readonly timeoutMs?: number;
};

/** One person at a Slack client. Channels go by name (`#ops-alerts`) or id. */
export type Hands = {
  readonly user: User;
  slash(line: string, options: { readonly channel: string }): Promise<Experience>;
  /** Only what stands on the message or view now can be clicked; anything else throws. */
  click(target: TargetRef, actionId: string, options?: ActOptions): Promise<Experience>;
  /** Chooses by option value (or label), user id, date …; an array for menus that take several. */
  select(target: TargetRef, actionId: string, entry: Entry, options?: ActOptions): Promise<Experience>;
  /** The options that an external menu shows for what is typed. */
  suggestions(target: TargetRef, actionId: string, query: string): Promise<readonly Suggestion[]>;
  submit(view: ViewRef, entries?: Readonly<Record<string, Entry>>): Promise<Experience>;
  closeView(view: ViewRef, options?: { readonly all?: boolean }): Promise<Experience>;
  openHome(): Promise<Experience>;
  /** Writes `@starwarden text`. */
  mention(text: string, options: SayOptions): Promise<Experience>;
  say(text: string, options: SayOptions): Promise<Experience>;
  /** Writes to the bot in the direct conversation. */
  direct(text: string): Promise<Experience>;
  sees(channel: string): readonly SeenMessage[];
  /** The direct conversation with the bot, by id. */
  directChannel(): string;
  view(): SeenView | null;
  home(): SeenView | null;
  waitForMessage(match: MessageMatch): Promise<SeenMessage>;
  waitForView(match?: { readonly title?: string; readonly timeoutMs?: number }): Promise<SeenView>;
  /** Reloading the client: ephemeral messages are gone. */
  reload(): void;
};

export function createHands(person: Person): Hands {
  const { core, user } = person;
  const bot = core.workspace.botUser;
  const directChannel = () => openConversation(core.workspace, [bot.id, user.id], core.ids).id;
  const view = () => {
    const top = topView(core, user.id);
    return top === null ? null : seenView(core, top);
  };
  const sees = (channel: string) => seenChannel(core, channelFor(person, channel).id, user.id);

  return {
    user,
    slash: (line, options) => slash(person, line, options),
    click: (ref, actionId, options = {}) => act(person, { ref, actionId, options }),
    select: (ref, actionId, entry, options = {}) => act(person, { ref, actionId, entry, options }),
    async suggestions(ref, actionId, query) {
      const target = findTarget(person, ref);
      const { blockId } = findElement(target, { actionId });
      const found = await suggestions(person, { target, blockId, actionId, query });
      return found.map((each) => ({ text: textOf(objectOf(each.text).text) ?? '', value: textOf(each.value) ?? '' }));
    },
    submit: (ref, entries = {}) => submit(person, ref, entries),
    closeView: (ref, options = {}) => closeView(person, ref, options),
    openHome: () => openHome(person),
    mention: (text, options) => say(person, `@${bot.name} ${text}`, options),
    say: (text, options) => say(person, text, options),
    direct: (text) => say(person, text, { channel: directChannel() }),
    sees,
    directChannel,
    view,
    home() {
      const home = core.workspace.homes.get(user.id);
      return home === undefined ? null : seenView(core, home);
    },
    waitForMessage(match) {
      const find = () => flatten(sees(match.channel)).findLast((each) => fits(each, match)) ?? null;
      const what = `a message ${match.text ?? ''} in ${match.channel}`;
      return until(person, { find, what, timeoutMs: match.timeoutMs ?? patienceMs });
    },
    waitForView(match = {}) {
      const find = () => {
        const top = view();
        return top !== null && (match.title === undefined || top.title === match.title) ? top : null;
      };
      return until(person, { find, what: `a view ${match.title ?? ''}`, timeoutMs: match.timeoutMs ?? patienceMs });
    },
    reload() {
      for (const message of core.workspace.messages) if (message.visibleTo === user.id) message.isDeleted = true;
      core.workspace.changes.emit('change');
    },
  };
}

function flatten(messages: readonly SeenMessage[]): SeenMessage[] {
  return messages.flatMap((each) => [each, ...each.thread]);
}

function fits(message: SeenMessage, { text, where }: MessageMatch): boolean {
  const all = [message.text, ...message.lines].join('\n');
  const said = text === undefined || (typeof text === 'string' ? all.includes(text) : text.test(all));
  return said && (where === undefined || where(message));
}

type Wait<T> = { readonly find: () => T | null; readonly what: string; readonly timeoutMs: number };

/** Looks again at every change, in real time: what is waited for is the app's work, not the clock's. */
function until<T>({ core, user }: Person, { find, what, timeoutMs }: Wait<T>): Promise<T> {
  const { changes } = core.workspace;
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      changes.off('change', look);
    };
    const look = () => {
      const found = find();
      if (found === null) return;
      stop();
      resolve(found);
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`${user.name} did not see ${what} within ${timeoutMs} ms`));
    }, timeoutMs);
    changes.on('change', look);
    look();
  });
}
