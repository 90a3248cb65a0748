import { canSomewhere } from '../../domain/access.ts';
import { isWorthTelling } from '../../domain/delivery/digest.ts';
import { previewDigest } from '../../store/slack/digests.ts';
import type { BotCommand } from '../bot.ts';
import { readRoutes } from '../messages/alert-channel.ts';
import { readableBy } from '../resolve.ts';
import { digestMessage } from '../views/digest.ts';
import { date } from '../views/text.ts';

export const digest: BotCommand = {
  waiting: null,
  access: 'linked',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  spec: { verb: 'digest', positional: [], flags: [] },
  summary: 'Show what the next daily message about alerts would say now.',
  examples: ['digest'],
  async run({ db, settings }, { ask, actor }) {
    const { route, channels } = await readRoutes({ db, settings });
    const channel = channels.find((id) => id === ask.channel) ?? channels[0];
    if (channel === undefined) return { text: 'Alerts go to no channel, so there is no daily message about them.' };
    const { digest: time } = settings;
    const found = await previewDigest(db, { visibility: readableBy(actor), channel, time, route });
    if (found === null)
      return { text: `No daily message for <#${channel}> is planned yet: a bot does that within a minute.` };
    const { dueAt } = found;
    if (!isWorthTelling(found.digest)) {
      const hour = dueAt === null ? 'its hour' : date(dueAt, 'day');
      return {
        text: `There is nothing to report in <#${channel}> now. Unless that changes, there is no daily message at ${hour}.`,
      };
    }
    return digestMessage(found.digest, { mayRepeat: false, preview: { dueAt, timeZone: time.timeZone } });
  },
};
