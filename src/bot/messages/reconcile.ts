import type { DeliveryTimes } from '../../domain/delivery/delivery-times.ts';
import { effectOn } from '../../domain/effect-on-target.ts';
import { type DueKind, type DueLoop, startDueLoop } from '../../due-loop.ts';
import { listDueGroupCards } from '../../store/slack/alert-groups.ts';
import { listDueChannels } from '../../store/slack/channel-plan.ts';
import { listDueDigestCards, listDueDigests } from '../../store/slack/digests.ts';
import { listDueEscalationCards } from '../../store/slack/escalation-cards.ts';
import { listDueGapCards } from '../../store/slack/gap-cards.ts';
import { listDueSilenceCards } from '../../store/slack/silence-cards.ts';
import { pruneSlack } from '../../store/slack/slack.ts';
import {
  claimCard,
  countLiveCards,
  ensureCard,
  listDueAlertCards,
  listDueRunCards,
  listRunsWithoutCard,
} from '../../store/slack/slack-cards.ts';
import { claimLine, listDueLines } from '../../store/slack/slack-lines.ts';
import { listDueTokenCards } from '../../store/slack/token-cards.ts';
import type { Bot } from '../bot.ts';
import { findPlaces } from './escalation-content.ts';
import { createGapWatch } from './gap-content.ts';
import { claimMs, type MessageContext } from './message-context.ts';
import { createGate, type Pace } from './pace.ts';
import { sendCard } from './send-card.ts';
import { sendLine } from './send-line.ts';
import { createSilenceWatch } from './silence-content.ts';
import { createDigestPlanning, createNoting, tellChannel, tellDay } from './tell-alerts.ts';
import { createTokenWatch } from './token-content.ts';

/** How many of each kind this process handles at the same time. */
const atOnce = 20;
/** Of replies with a picture: one is drawn while another is looked at by Slack. */
const picturesAtOnce = 2;
/** Runs that ended longer ago than this get no card any more. */
const youngMs = 10 * 60_000;
const pruneEveryMs = 3_600_000;

export type Reconciling = { readonly holder: string; readonly pace: Pace; readonly times: DeliveryTimes };

/**
 * Keeps the messages in Slack as MySQL says they should be, until stopped: new runs and alerts get a card, changed ones
 * an edit, ended ones a reply. Woken by notifications, and at every poll, since notifications may be lost.
 */
export function startReconciler(bot: Bot, reconciling: Reconciling): DueLoop {
  const work = workOfReconciler(bot, { ...reconciling, wake: () => loop.wake() });
  const loop = startDueLoop({ name: 'slack', log: bot.log, everyMs: reconciling.pace.pollMs, ...work });
  return loop;
}

/** What the loop does in each turn. `wake` is called when there is more to do at once. */
export function workOfReconciler(
  bot: Bot,
  { holder, pace, times, wake }: Reconciling & { readonly wake: () => void },
): { readonly chores: readonly (() => Promise<void>)[]; readonly kinds: readonly DueKind[] } {
  const { db } = bot;
  const context: MessageContext = {
    bot,
    gate: createGate(),
    pace,
    cardGap: async () => Math.max(pace.cardGapMs, (await countLiveCards(db)) * pace.editGapMs),
  };
  const by = (id: string) => ({ id, holder, forMs: claimMs });
  const handleCard = async (id: string) => {
    const card = await claimCard(db, by(id));
    if (card === null) return;
    await sendCard(context, card);
    wake(); // its replies can be sent now
  };
  const tell = async (channel: string) => {
    await tellChannel(bot, { channel, holder, times });
    wake(); // what was decided can be sent now
  };
  const makeDay = async (id: string) => {
    await tellDay(bot, { id, holder });
    wake(); // its card can be sent now
  };
  const handleLine = async (id: string) => {
    const line = await claimLine(db, by(id));
    if (line !== null) await sendLine(context, line);
  };
  let pruneAt = 0;
  const prune = async () => {
    if (performance.now() < pruneAt) return;
    pruneAt = performance.now() + pruneEveryMs;
    await pruneSlack(db);
  };
  return {
    chores: [
      prune,
      () => findRuns(bot),
      createNoting(bot),
      createDigestPlanning(bot),
      () => findPlaces(bot),
      createTokenWatch(bot),
      createSilenceWatch(bot),
      createGapWatch(bot),
    ],
    kinds: [
      { what: 'channel of alerts', list: (limit) => listDueChannels(db, limit), handle: tell, atOnce },
      { what: 'card of an alert', list: (limit) => listDueAlertCards(db, limit), handle: handleCard, atOnce },
      { what: 'card of several alerts', list: (limit) => listDueGroupCards(db, limit), handle: handleCard, atOnce },
      { what: 'escalation', list: (limit) => listDueEscalationCards(db, limit), handle: handleCard, atOnce },
      { what: 'day of a channel', list: (limit) => listDueDigests(db, limit), handle: makeDay, atOnce },
      { what: 'daily message', list: (limit) => listDueDigestCards(db, limit), handle: handleCard, atOnce },
      {
        what: 'silence that ends',
        list: (limit) => listDueSilenceCards(db, limit),
        handle: handleCard,
        atOnce,
      },
      {
        what: 'card of a token that ends',
        list: (limit) => listDueTokenCards(db, { limit, now: bot.now() }),
        handle: handleCard,
        atOnce,
      },
      {
        what: 'card of a time in which nobody is called',
        list: (limit) => listDueGapCards(db, limit),
        handle: handleCard,
        atOnce,
      },
      { what: 'card of a run', list: (limit) => listDueRunCards(db, limit), handle: handleCard, atOnce },
      { what: 'reply', list: (limit) => listDueLines(db, limit, { withPicture: false }), handle: handleLine, atOnce },
      {
        what: 'reply with a picture',
        list: (limit) => listDueLines(db, limit, { withPicture: true }),
        handle: handleLine,
        atOnce: picturesAtOnce,
      },
    ],
  };
}

async function findRuns(bot: Bot): Promise<void> {
  for (const run of await listRunsWithoutCard(bot.db, {
    youngerThanMs: youngMs,
    slackOnly: bot.settings.runChannel === null,
    quietOperations: [...bot.operations.values()]
      .filter((operation) => effectOn(operation) === 'reads')
      .map(({ name }) => name),
  })) {
    const channel = run.channel ?? bot.settings.runChannel ?? run.slackUser;
    if (channel !== null) await ensureCard(bot.db, { kind: 'RUN', subjectId: run.runId, channel });
  }
}
