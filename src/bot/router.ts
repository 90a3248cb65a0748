import type { RespondFn } from '@slack/bolt';
import type { Actor } from '../domain/access.ts';
import { AppError } from '../errors.ts';
import { recordRequest } from '../store/slack/slack.ts';
import { clicks } from './actions/clicks.ts';
import { submissions } from './actions/submissions.ts';
import { actorOf, whyNotHere } from './actor.ts';
import { makeAnswer } from './answer.ts';
import type { Ask, Bot, Form, OpenAction } from './bot.ts';
import { parseCommand } from './commands/grammar.ts';
import { formState } from './forms/read-form.ts';
import { suggest } from './forms/suggest.ts';
import { errorName } from './lookup.ts';
import {
  clickPayload,
  commandPayload,
  eventPayload,
  otherSuggestionPayload,
  submissionPayload,
  suggestionPayload,
} from './slack/payloads.ts';
import { bugNotice, errorNotice, notice, parseNotice, unlinkedNotice } from './views/notices.ts';
import type { Message } from './views/text.ts';

/** One request from Slack. `ack` must be called within 3 s, whatever the request is. */
export type Incoming = {
  readonly body: unknown;
  readonly ack: (response?: object) => Promise<void>;
  readonly respond: RespondFn | null;
};

const slashCommand = '/sr';

/**
 * The one entry point for everything that Slack sends. Acknowledges before any I/O, then works and answers; an unknown
 * request is acknowledged too, with an explanation. Never throws.
 */
export async function route(bot: Bot, incoming: Incoming): Promise<void> {
  try {
    await dispatch(bot, incoming);
  } catch (err) {
    bot.log.error({ err }, 'a request from slack failed in the router');
  }
}

async function dispatch(bot: Bot, incoming: Incoming): Promise<void> {
  const { body, ack } = incoming;
  const command = commandPayload.safeParse(body);
  if (command.success) return onCommand(bot, incoming, command.data);
  const click = clickPayload.safeParse(body);
  if (click.success) return onClick(bot, incoming, click.data);
  const submission = submissionPayload.safeParse(body);
  if (submission.success) return onSubmission(bot, incoming, submission.data);
  const suggestion = suggestionPayload.safeParse(body);
  if (suggestion.success) return onSuggestion(bot, incoming, suggestion.data);
  if (otherSuggestionPayload.safeParse(body).success) return ack({ options: [] });
  if (eventPayload.safeParse(body).success) return;
  // Closed views, shortcuts, and requests that cannot be read.
  const isCommand = typeof body === 'object' && body !== null && 'command' in body;
  await ack(isCommand ? { text: 'I could not read that. Type `/sr help`.' } : undefined);
}

async function onCommand(bot: Bot, { ack, respond }: Incoming, sent: typeof commandPayload._output): Promise<void> {
  if (sent.command !== slashCommand)
    return ack({
      text: `I do not know ${sent.command.replaceAll('`', '')}. Everything is below \`${slashCommand}\`: type \`${slashCommand} help\`.`,
    });
  const parsed = parseCommand(
    sent.text,
    bot.commands.map((each) => each.spec),
  );
  if ('failure' in parsed) return ack({ ...parseNotice(parsed.failure), response_type: 'ephemeral' });
  const known = bot.commands.find((each) => each.spec.verb === parsed.command.verb);
  if (known === undefined) throw new Error(`no command for the verb ${parsed.command.verb}`);
  await ack(known.waiting === null ? undefined : { text: known.waiting, response_type: 'ephemeral' });

  const place = { channel: sent.channel_id, user: sent.user_id };
  await work(
    bot,
    { respond, triggerId: sent.trigger_id, team: sent.team_id, ...place, line: sent.text },
    async (ask) => {
      if (known.access === 'linked')
        return known.run(bot, { ask, command: parsed.command, actor: await linkedActor(bot, ask) });
      // The help shows only what is public; every other command checks from where it is asked.
      if (known.spec.verb !== 'help') await refuseElsewhere(bot, ask);
      return known.run(bot, { ask, command: parsed.command, actor: await actorOf(bot, ask) });
    },
  );
}

async function onClick(bot: Bot, { ack, respond }: Incoming, sent: typeof clickPayload._output): Promise<void> {
  await ack();
  const [pressed] = sent.actions;
  const found = clicks.get(pressed?.action_id ?? '');
  if (found?.kind === 'link') return;
  const given = pressed?.value ?? pressed?.selected_option?.value ?? null;
  const { action, value } =
    found?.kind === 'menu' ? (found.choose(given) ?? unknownChoice) : { action: found, value: given };
  const place = { channel: sent.channel?.id ?? null, user: sent.user.id };
  if (action?.kind === 'open') {
    await openForm(bot, action, { triggerId: sent.trigger_id, value, place, respond });
    return;
  }
  const team = sent.user.team_id ?? sent.team?.id ?? '';
  await work(bot, { respond, triggerId: sent.trigger_id, team, ...place, line: '' }, async (ask) => {
    if (action === undefined) return notice('This button is no longer active. Type `/sr help` for what there is.');
    return action.run(bot, { ask, value, actor: await linkedActor(bot, ask) });
  });
}

const unknownChoice = { action: undefined, value: null } as const;

type Opening = {
  triggerId: string;
  value: string | null;
  place: { channel: string | null; user: string };
  respond: RespondFn | null;
};

async function openForm(bot: Bot, action: OpenAction, { triggerId, value, place, respond }: Opening): Promise<void> {
  const answer = makeAnswer({ respond, clients: bot.clients, log: bot.log }, place);
  const view = action.view(value);
  if (view === null) return answer(notice('This button carries nothing that I know. Type the command instead.'));
  try {
    const privateMetadata = `${place.channel ?? '-'} ${view.private_metadata ?? ''}`;
    await bot.clients.interactive.views.open({
      trigger_id: triggerId,
      view: { ...view, private_metadata: privateMetadata },
    });
  } catch (err) {
    bot.log.warn({ err, user: place.user }, 'a form could not be opened');
    const why =
      errorName(err) === 'expired_trigger_id' ? 'Slack was too slow for the form' : 'The form could not be opened';
    await answer(notice(`${why}. Press the button once more, or type the command: \`/sr help\` shows how.`));
  }
}

async function onSubmission(bot: Bot, { ack }: Incoming, sent: typeof submissionPayload._output): Promise<void> {
  const submission = submissions.get(sent.view.callback_id);
  const [channel = '-', ...metadata] = sent.view.private_metadata.split(' ');
  const values = Object.values(sent.view.state.values).flatMap((block) =>
    Object.entries(block).map(([name, { value, selected_user }]) => [name, value ?? selected_user ?? ''] as const),
  );
  const form: Form = { metadata: metadata.join(' '), values: new Map(values) };
  const mistakes = submission?.check(form) ?? null;
  if (mistakes !== null) return ack({ response_action: 'errors', errors: mistakes });
  await ack();

  const place = { channel: channel === '-' ? null : channel, user: sent.user.id };
  // A form that is sent twice has the same id and hash both times.
  const triggerId = `view:${sent.view.id}:${sent.view.hash}`;
  const team = sent.user.team_id ?? sent.team?.id ?? '';
  await work(bot, { respond: null, triggerId, team, ...place, line: '' }, async (ask) => {
    if (submission === undefined) return notice('This form is no longer in use. Type `/sr help` for what there is.');
    return submission.run(bot, { ask, form, actor: await linkedActor(bot, ask) });
  });
}

/** Whom Slack names asks; a person who is not linked, or not of this workspace, is offered nothing. */
async function onSuggestion(bot: Bot, { ack }: Incoming, sent: typeof suggestionPayload._output): Promise<void> {
  const who = { team: sent.user.team_id ?? sent.team?.id ?? '', user: sent.user.id, channel: null };
  const offered = async () => {
    if (sent.view?.callback_id !== 'operation' || (await whyNotHere(bot, who)) !== null) return [];
    const actor = await actorOf(bot, who);
    const operation = bot.operations.get(sent.view.private_metadata.split(' ').at(-1) ?? '');
    if (actor === null || operation === undefined) return [];
    const state = formState.safeParse(sent.view.state?.values ?? {});
    return suggest(bot.db, actor, {
      operation,
      way: sent.block_id,
      typed: sent.value,
      state: state.data ?? {},
    });
  };
  const options = await offered().catch((err: unknown) => {
    bot.log.error({ err, user: who.user }, 'a menu in slack could not be filled');
    return [];
  });
  await ack({ options });
}

type Work = {
  respond: RespondFn | null;
  triggerId: string;
  team: string;
  user: string;
  channel: string | null;
  line: string;
};

/** Everything after the acknowledgement: done only once, and with an answer whatever happens. */
async function work(
  bot: Bot,
  { respond, triggerId, ...who }: Work,
  act: (ask: Ask) => Promise<Message>,
): Promise<void> {
  const answer = makeAnswer({ respond, clients: bot.clients, log: bot.log }, who);
  let id = 'unrecorded';
  try {
    const recorded = await recordRequest(bot.db, { triggerId, ...who });
    if (recorded === null) {
      bot.log.warn({ user: who.user }, 'slack sent a request twice, did it once');
      return;
    }
    id = recorded;
    await answer(await act({ id, ...who }));
  } catch (error) {
    if (error instanceof AppError) {
      await answer(errorNotice(error));
      return;
    }
    bot.log.error({ err: error, requestId: id, user: who.user }, 'a request from slack failed');
    await answer(bugNotice(id));
  }
}

async function linkedActor(bot: Bot, ask: Ask): Promise<Actor> {
  await refuseElsewhere(bot, ask);
  const actor = await actorOf(bot, ask);
  if (actor !== null) return actor;
  throw new AppError('UNAUTHENTICATED', unlinkedNotice().text, { hint: 'Help, whoami and link work without.' });
}

async function refuseElsewhere(bot: Bot, ask: Ask): Promise<void> {
  const refusal = await whyNotHere(bot, ask);
  if (refusal !== null) throw new AppError('FORBIDDEN', refusal);
}
