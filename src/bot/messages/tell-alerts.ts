import type { DeliveryTimes } from '../../domain/delivery/delivery-times.ts';
import { ownPrefix } from '../../domain/rules/rule.ts';
import { shippedRules } from '../../domain/rules/shipped/index.ts';
import { closeGroups } from '../../store/slack/alert-groups.ts';
import { followRoutes, noteUnseen, noteWaiting } from '../../store/slack/alert-waiting.ts';
import { planChannel } from '../../store/slack/channel-plan.ts';
import { ensureDigests, makeDigest } from '../../store/slack/digests.ts';
import type { Bot } from '../bot.ts';
import { newsLine, stormOverLine } from '../views/group-lines.ts';
import { readRoutes } from './alert-channel.ts';

/** What needs not be looked for every second. */
const tidyEveryMs = 60_000;

/** Notes what people have to be told of, and ends groups that are over. To be done before each time the database is asked. */
export function createNoting(bot: Bot): () => Promise<void> {
  let tidyAt = 0;
  return async () => {
    const noting = { ...(await readRoutes(bot)), familyOf };
    await noteWaiting(bot.db, noting);
    if (performance.now() < tidyAt) return;
    await noteUnseen(bot.db, noting);
    await closeGroups(bot.db);
    tidyAt = performance.now() + tidyEveryMs;
  };
}

/** Has each channel's next daily message ahead, and what waits for it in the channel where it goes now. To be done before each time the database is asked. */
export function createDigestPlanning(bot: Bot): () => Promise<void> {
  let planAt = 0;
  return async () => {
    if (performance.now() < planAt) return;
    const { channels, route } = await readRoutes(bot);
    await ensureDigests(bot.db, { channels, time: bot.settings.digest });
    await followRoutes(bot.db, route);
    planAt = performance.now() + tidyEveryMs;
  };
}

/** Makes the daily message of a channel. */
export async function tellDay(bot: Bot, { id, holder }: { id: string; holder: string }): Promise<void> {
  await makeDigest(bot.db, { id, holder, time: bot.settings.digest, route: (await readRoutes(bot)).route });
}

/** Decides what one channel is told now. */
export async function tellChannel(
  bot: Bot,
  { channel, holder, times }: { channel: string; holder: string; times: DeliveryTimes },
): Promise<void> {
  const plan = await planChannel(bot.db, {
    channel,
    holder,
    times,
    words: { news: newsLine, stormOver: stormOverLine },
  });
  if (plan?.storm?.begins == null) return;
  bot.log.warn({ channel, cause: plan.storm.begins }, 'alerts of a channel are collected in one message');
}

const families = new Map(shippedRules.map(({ name, family }) => [name, family]));

/** A rule that this version does not have is a family of its own. */
function familyOf(rule: string): string {
  return families.get(rule) ?? (rule.startsWith(ownPrefix) ? 'own' : rule);
}
