import { silenceName } from '../../domain/silence.ts';
import { listSilencesWithoutCard, overRevision, readSilenceEnd } from '../../store/slack/silence-cards.ts';
import { type Card, ensureCard } from '../../store/slack/slack-cards.ts';
import type { Bot } from '../bot.ts';
import { silenceEndMessage } from '../views/silence-end.ts';
import { mention } from '../views/text.ts';
import { readRoutes } from './alert-channel.ts';
import { accountOf } from './escalation-content.ts';

const lookEveryMs = 5_000;
/** What still fires, and whether somebody extended it, is compared so often until it is over. */
const checkInMs = 2_000;

/** Makes the messages about silences that end soon: in the channel of the worst alert that is told again. */
export function createSilenceWatch(bot: Bot): () => Promise<void> {
  let nextAt = 0;
  return async () => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + lookEveryMs;
    const ends = await listSilencesWithoutCard(bot.db, bot.now());
    if (ends.length === 0) return;
    const { route } = await readRoutes(bot);
    for (const { silence, firing } of ends) {
      const channel = firing.map(route).find((each) => each !== null);
      if (channel === undefined) continue;
      await ensureCard(bot.db, { kind: 'SILENCE', subjectId: silence.id, channel });
      bot.log.info(
        { silence: silenceName(silence), alerts: firing.length },
        'a silence ends soon, and what it hides still fires',
      );
    }
  };
}

/** The message about a silence that ends. A channel is shown the alerts that are told there, and how many are told elsewhere. */
export async function readSilenceContent(
  bot: Bot,
  { subjectId, plannedFor }: Pick<Card, 'subjectId'> & Partial<Pick<Card, 'plannedFor'>>,
  { mayRepeat }: { readonly mayRepeat: boolean },
) {
  const now = bot.now();
  const end = await readSilenceEnd(bot.db, subjectId, now);
  if (end === null) return null;
  const { route } = await readRoutes(bot);
  const here = end.firing.filter((alert) => plannedFor === undefined || route(alert) === plannedFor);
  const { id, name } = end.silence.createdBy;
  const account = await accountOf(bot, id, name);
  const isOver = end.stage === 'OVER';
  return {
    message: silenceEndMessage(end, {
      ...{ here, mayRepeat },
      calls: account === null ? '' : mention(account),
    }),
    revision: isOver ? overRevision : 1,
    joinRevision: 0,
    lines: [],
    otherPlaces: [bot.settings.fallbackChannel, account].filter((place) => place !== null),
    ...(isOver ? {} : { checkInMs }),
  };
}
