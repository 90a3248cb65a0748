import { closedGap, gapStageToShow, type OnCallGap, stageOfGap, unreadableGap } from '../../domain/on-call-gap.ts';
import { readOnCall } from '../../store/escalation/facts.ts';
import { type Routing, readRouting } from '../../store/reads/escalations.ts';
import { countGapMessages, findRotationOfGapMessage } from '../../store/reads/gap-messages.ts';
import { ensureGapCard } from '../../store/slack/gap-cards.ts';
import type { Card } from '../../store/slack/slack-cards.ts';
import type { NewLine } from '../../store/slack/slack-lines.ts';
import type { Bot } from '../bot.ts';
import { gapMessage, gapSentence } from '../views/on-call-gap.ts';
import { mention } from '../views/text.ts';
import { accountsOfHolders } from './holders.ts';

const lookEveryMs = 60_000;

/** Makes the messages about times in which calling a rotation that a route uses reaches nobody: one a time for each rotation. */
export function createGapWatch(bot: Bot): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + lookEveryMs;
    // Before what they are compared with: a message that somebody makes meanwhile would be made again.
    const made = await countGapMessages(bot.db);
    const routing = await readRouting(bot.db);
    const at = bot.now();
    for (const name of usedRotations(routing)) {
      const messages = made.get(name);
      if (messages === undefined || messages.open > 0) continue;
      if (stageOfGap(await gapOf(bot, { name, routing, at }), at) === 0) continue;
      const { firstRotationId: rotationId, all: before } = messages;
      const channel = bot.settings.alertChannel ?? (await accountsOfHolders(bot, 'route:manage'))[0];
      if (channel === undefined) continue;
      await ensureGapCard(bot.db, { rotationId, before, channel });
      bot.log.info({ rotation: name }, 'a call of a rotation would reach nobody');
    }
  };
}

/** By name: one that cannot be read is called by its routes too. */
function usedRotations({ routes }: Routing): readonly string[] {
  return [...new Set(routes.map(({ rotation }) => rotation))].filter((name) => name !== null);
}

type Asked = { readonly name: string; readonly routing: Routing; readonly at: Date };

async function gapOf({ db, settings }: Bot, { name, routing, at }: Asked): Promise<OnCallGap | null> {
  const rotation = routing.rotations.find((each) => each.name === name);
  if (rotation === undefined) return unreadableGap(at);
  const linkedNames = settings.links.map(({ owner }) => owner);
  return (await readOnCall(db, { rotation, routing, at, linkedNames })).gap;
}

type GapContent = {
  readonly message: ReturnType<typeof gapMessage>;
  readonly revision: number;
  readonly joinRevision: number;
  readonly lines: readonly NewLine[];
  readonly otherPlaces: readonly string[];
};

/** The message about such a time, with a reply at each later stage, which the whole channel sees; null = its rotation is unknown. */
export async function readGapContent(
  bot: Bot,
  { subjectId, shownRevision: shown = 0 }: Pick<Card, 'subjectId'> & Partial<Pick<Card, 'shownRevision'>>,
  { mayRepeat }: { readonly mayRepeat: boolean },
): Promise<GapContent | null> {
  const name = await findRotationOfGapMessage(bot.db, subjectId);
  if (name === null) return null;
  const routing = await readRouting(bot.db);
  const at = bot.now();
  const isUsed = usedRotations(routing).includes(name);
  const gap = isUsed ? await gapOf(bot, { name, routing, at }) : null;
  const stage = gapStageToShow(shown, { gap, now: at });
  const accounts = await accountsOfHolders(bot, 'route:manage');
  const calls = accounts.map(mention).join(' ');
  const about = { rotation: name, isUsed, gap, stage, at };
  const isLater = shown > 0 && stage > shown && stage < closedGap;
  return {
    message: gapMessage(about, { calls, mayRepeat }),
    revision: stage,
    joinRevision: 0,
    // After an outage of days the newest stage alone is told.
    lines: isLater
      ? [{ key: `stage:${stage}`, text: [calls, gapSentence(about)].join(' ').trim(), broadcast: true }]
      : [],
    otherPlaces: [...(bot.settings.fallbackChannel === null ? [] : [bot.settings.fallbackChannel]), ...accounts],
  };
}
