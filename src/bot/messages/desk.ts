import { effectOn } from '../../domain/target.ts';
import { pruneSlack } from '../../store/slack/slack.ts';
import {
  claimAlertCards,
  claimRunCards,
  countLiveCards,
  ensureCard,
  listAlertsWithoutCard,
  listRunsWithoutCard,
} from '../../store/slack/slack-cards.ts';
import { claimLines } from '../../store/slack/slack-lines.ts';
import type { Bot } from '../bot.ts';
import type { Desk } from './message-context.ts';
import { createGate, type Pace } from './pace.ts';
import { sendCard } from './send-card.ts';
import { sendLine } from './send-line.ts';

/** A claim outlives the slowest calls between two renewals; what a dead process held is taken over after it. */
const leaseMs = 30_000;
const batch = 20;
/** Runs that ended longer ago than this get no card any more. */
const youngMs = 10 * 60_000;
const pruneEveryMs = 3_600_000;

/**
 * Keeps the messages in Slack as MySQL says they should be, until stopped: new runs and alerts get a card, changed ones
 * an edit, ends a reply. Woken by a word, and by itself at every poll, since words may be lost.
 */
export function startDesk(
  bot: Bot,
  { owner, pace }: { owner: string; pace: Pace },
): { wake: () => void; stop: () => Promise<void> } {
  const desk: Desk = {
    bot,
    claimer: { owner, leaseMs },
    gate: createGate(),
    pace,
    cardGap: async () => Math.max(pace.cardGapMs, (await countLiveCards(bot.db)) * pace.editGapMs),
  };
  let stopped = false;
  let woken = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | null = null;
  let prunedAt = 0;

  const work = async () => {
    try {
      if (performance.now() - prunedAt > pruneEveryMs || prunedAt === 0) {
        prunedAt = performance.now();
        await pruneSlack(bot.db);
      }
      await tidy(desk);
    } catch (err) {
      bot.log.error({ err }, 'could not bring the messages in slack up to date, will try again');
    }
  };
  const turn = () => {
    clearTimeout(timer);
    if (stopped || working !== null) return;
    woken = false;
    working = work().finally(() => {
      working = null;
      if (!stopped) timer = setTimeout(turn, woken ? Math.min(100, pace.pollMs) : pace.pollMs);
    });
  };
  turn();
  return {
    wake: () => {
      if (working === null) turn();
      else woken = true;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}

/** One look at everything that is due. */
async function tidy(desk: Desk): Promise<void> {
  const { bot, claimer } = desk;
  await findRuns(bot);
  await findAlerts(bot);
  const cards = [...(await claimAlertCards(bot.db, claimer, batch)), ...(await claimRunCards(bot.db, claimer, batch))];
  await each(cards, bot, (card) => sendCard(desk, card));
  await each(await claimLines(bot.db, claimer, batch), bot, (line) => sendLine(desk, line));
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

async function findAlerts(bot: Bot): Promise<void> {
  const channel = bot.settings.alertChannel;
  if (channel === null) return;
  for (const id of await listAlertsWithoutCard(bot.db))
    await ensureCard(bot.db, { kind: 'ALERT', subjectId: id, channel });
}

/** All at once; one that fails keeps its claim until that runs out, and the others go on. */
async function each<T extends { id: string }>(
  items: readonly T[],
  bot: Bot,
  send: (item: T) => Promise<void>,
): Promise<void> {
  await Promise.all(
    items.map((item) =>
      send(item).catch((err: unknown) =>
        bot.log.error({ id: item.id, err }, 'could not send a card or reply, will try again'),
      ),
    ),
  );
}
