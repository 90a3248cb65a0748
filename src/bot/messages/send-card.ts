import { createHash } from 'node:crypto';
import { saveRefusedPlace } from '../../store/escalation/undelivered.ts';
import { type Card, type CardChange, movingCardKinds, saveCard, wakeRefused } from '../../store/slack/slack-cards.ts';
import { ensureLines } from '../../store/slack/slack-lines.ts';
import type { Message } from '../views/text.ts';
import { type CardContent, readContent } from './content.ts';
import { channelErrors, edit, endTwin, type Failure, look, lookForAll, post } from './deliver.ts';
import { claimMs, type MessageContext } from './message-context.ts';
import { backOffMs, isRepeatedUnseen, refusedMs, type Urgency } from './pace.ts';

/** Brings one claimed card up to date: posts it, edits it, or finds that nothing changed. */
export async function sendCard(context: MessageContext, card: Card): Promise<void> {
  const { bot } = context;
  const doubt = card.ts === null && (card.state === 'UNKNOWN' || card.state === 'SENDING');
  const found = doubt
    ? await look(bot.clients.lookup, { id: card.id, channel: card.channel, threadTs: null, since: card.createdAt })
    : null;
  if (found !== null && typeof found === 'object') {
    // The message had arrived. What it shows is not known, so it is compared with its subject later, and edited if need
    // be.
    await saveCard(bot.db, card, {
      ...found,
      state: 'QUEUED',
      error: null,
      shownHash: null,
      nextTryInMs: context.pace.cardGapMs,
    });
    return;
  }
  if (found === 'away' && !isRepeatedUnseen(card.attempts)) {
    const attempts = card.attempts + 1;
    await saveCard(bot.db, card, { state: 'UNKNOWN', attempts, nextTryInMs: backOffMs(attempts) });
    return;
  }
  const twins = await endTwins(context, card);
  const mayRepeat = (card.mayRepeat || doubt) && twins !== 'ended';
  const content = await readContent(bot, card, {
    visibility: 'everywhere',
    mayRepeat,
  });
  if (content === null) {
    await saveCard(bot.db, card, {
      state: 'FAILED',
      error: 'what it is about is gone',
      nextTryInMs: 86_400_000,
    });
    return;
  }
  await ensureLines(bot.db, card.id, content.lines);
  const hash = hashOf(content.message);
  const message = card.plain ? { text: content.message.text } : content.message;
  const shown: CardChange = {
    // Its twins are looked for once it stands there, as long as Slack may answer.
    state: mayRepeat && twins !== 'unclear' ? 'QUEUED' : 'SENT',
    shownRevision: content.revision,
    shownHash: hash,
    error: null,
    attempts: 0,
    mayRepeat,
    plain: false, // when the content changes, its blocks get another chance
    checked: true,
    ...(content.joinRevision === null ? {} : { toldRevision: content.joinRevision }),
  };
  if (card.ts === null) await postCard(context, card, { content, message, shown, mayRepeat });
  else if (card.shownHash === hash)
    await saveCard(bot.db, card, { ...shown, ...(twins === 'away' ? twinsLater : laterOf(content)) });
  else await editCard(context, card, { ts: card.ts, content, message, shown });
}

const twinsLater = { nextTryInMs: 30_000 };

/**
 * A message that was sent again because nobody knew whether it had arrived may stand there twice, and the other would say for ever
 * what it said then: it is looked for until Slack answers, and ends.
 */
async function endTwins({ bot }: MessageContext, card: Card): Promise<'none' | 'ended' | 'away' | 'unclear'> {
  const { id, channel, ts, createdAt: since } = card;
  if (ts === null || !card.mayRepeat) return 'none';
  const found = await lookForAll(bot.clients.lookup, { id, channel, threadTs: null, since });
  if (typeof found === 'string') return found;
  for (const twin of found.filter((each) => each.ts !== ts)) {
    const { kind } = await endTwin(bot.clients.outbox, { ...twin, id });
    if (kind === 'unknown' || kind === 'later') return 'away';
    bot.log.warn({ card: id, ts: twin.ts, kind }, 'a message was sent twice, ended the other one');
  }
  return 'ended';
}

/** When a card that shows what it should is compared again. */
function laterOf({ checkInMs }: CardContent): CardChange {
  return checkInMs === undefined ? {} : { nextTryInMs: checkInMs };
}

type Sending = { content: CardContent; message: Message; shown: CardChange };

async function postCard(
  context: MessageContext,
  card: Card,
  { content, message, shown, mayRepeat }: Sending & { mayRepeat: boolean },
): Promise<void> {
  const { bot, gate, pace } = context;
  const wait = gate.enter(`post ${card.channel}`, pace.postGapMs);
  if (wait > 0) {
    await saveCard(bot.db, card, { mayRepeat, nextTryInMs: wait });
    return;
  }
  const isOurs = await saveCard(
    bot.db,
    card,
    { state: 'SENDING', attempts: card.attempts + 1, mayRepeat },
    { keepForMs: claimMs },
  );
  if (!isOurs) return;
  const outcome = await post(bot.clients.outbox, {
    id: card.id,
    channel: card.channel,
    threadTs: null,
    broadcast: false,
    message,
  });
  // Slack counts from when it took the post, which was before it answered.
  gate.close(`post ${card.channel}`, pace.postGapMs);
  if (outcome.kind === 'sent') {
    await saveCard(bot.db, card, {
      ...shown,
      ts: outcome.ts,
      channel: outcome.channel,
      nextTryInMs: await context.cardGap(),
    });
    // Replies that wait for this very message too: it may have stood where Slack took them not.
    await wakeRefused(bot.db, { channel: outcome.channel, errors: channelErrors });
    return;
  }
  await saveFailure(context, card, { outcome, otherPlaces: content.otherPlaces });
}

/**
 * What people have to be told of goes on elsewhere when its channel is not there any more: a message of several alerts may be the
 * only one that tells of those that joined it. A run was told, and its end stands in the API.
 */
async function editCard(
  context: MessageContext,
  card: Card,
  { ts, content, message, shown }: Sending & { ts: string },
): Promise<void> {
  const { bot, gate, pace } = context;
  const wait = gate.enter('edit', pace.editGapMs);
  if (wait > 0) {
    await saveCard(bot.db, card, { nextTryInMs: wait });
    return;
  }
  const outcome = await edit(bot.clients.outbox, { id: card.id, channel: card.channel, ts, message });
  if (outcome.kind === 'sent') {
    await saveCard(bot.db, card, { ...shown, nextTryInMs: await context.cardGap() });
    if (card.state === 'FAILED') await wakeRefused(bot.db, { channel: card.channel, errors: channelErrors });
    return;
  }
  await saveFailure(context, card, {
    outcome,
    otherPlaces: movingCardKinds.includes(card.kind) ? content.otherPlaces : [],
  });
}

async function saveFailure(
  context: MessageContext,
  card: Card,
  { outcome, otherPlaces }: { outcome: Failure; otherPlaces: readonly string[] },
): Promise<void> {
  const { bot } = context;
  const attempts = card.attempts + 1;
  const refused = refusedMs(attempts, urgencyOf(card));
  const save = async (given: CardChange) => {
    const change: CardChange = { attempts, error: outcome.error, ...given };
    const isRefused = change.state === 'FAILED' || change.channel !== undefined;
    if (card.kind !== 'ESCALATION' || card.ts !== null || !isRefused) return saveCard(bot.db, card, change);
    // Somebody is not called by it: that is told where the alert is, and the next step is taken sooner.
    const instead = change.state === 'FAILED' ? null : (change.channel ?? null);
    const alertId = await saveRefusedPlace(bot.db, card, { change, error: outcome.error, instead });
    if (alertId !== null) bot.engine.changed(`alert:${alertId}`);
    return true;
  };
  const about = {
    card: card.id,
    kind: card.kind,
    subject: card.subjectId,
    channel: card.channel,
    error: outcome.error,
  };
  switch (outcome.kind) {
    case 'later':
      if (outcome.limited) context.gate.close(card.ts === null ? `post ${card.channel}` : 'edit', outcome.afterMs);
      await save({ state: 'QUEUED', nextTryInMs: outcome.afterMs });
      return;
    case 'unknown':
      bot.log.warn(about, 'slack gave no answer, will look before sending again');
      // Editing twice does no harm, so an edit is repeated without searching first.
      await save({ state: card.ts === null ? 'UNKNOWN' : 'QUEUED', nextTryInMs: backOffMs(attempts) });
      return;
    case 'content':
      bot.log.error(about, 'slack refused a message that we built, sends it as plain text');
      await save({
        state: card.plain ? 'FAILED' : 'QUEUED',
        plain: true,
        shownHash: null,
        nextTryInMs: card.plain ? refused : 0,
      });
      return;
    case 'gone':
      bot.log.warn(about, 'a message of ours is gone, posts it anew');
      await save({ state: 'QUEUED', ts: null, shownHash: null, nextTryInMs: 0 });
      return;
    case 'channel':
    case 'refused': {
      const isPlace = outcome.kind === 'channel';
      const next = isPlace ? otherPlaces[otherPlaces.indexOf(card.channel) + 1] : undefined;
      // Where no place is left the next try begins with the first one, unless the message stands somewhere.
      const again = isPlace && card.ts === null ? { channel: card.plannedFor } : {};
      bot.log.error({ ...about, next }, 'slack does not take a message');
      await save(
        next === undefined
          ? { state: 'FAILED', nextTryInMs: refused, ...again }
          : { state: 'QUEUED', channel: next, ts: null, shownHash: null, nextTryInMs: 0 },
      );
      return;
    }
    default:
      outcome satisfies never;
  }
}

/** The message of several alerts may be the one that has to tell of those that joined it. */
function urgencyOf({ kind, ts }: Card): Urgency {
  if (ts === null || kind === 'GROUP' || kind === 'STORM') return 'UNSEEN';
  return kind === 'ALERT' ? 'ALERT' : 'OTHER';
}

function hashOf(message: Message): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('hex');
}
