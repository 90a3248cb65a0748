import { checkPlace, type Keep } from '../../store/slack/slack-cards.ts';
import { type Line, type LineChange, saveLine } from '../../store/slack/slack-lines.ts';
import { look, post } from './deliver.ts';
import { claimMs, type MessageContext } from './message-context.ts';
import { backOffMs, isRepeatedUnseen, refusedMs } from './pace.ts';
import { preparePicture } from './prepare-picture.ts';

/** Sends one reply into the thread of its card. */
export async function sendLine(context: MessageContext, line: Line): Promise<void> {
  const { bot, gate, pace } = context;
  const save = (change: LineChange, keep: Keep = {}) => saveLine(bot.db, line, change, keep);
  const refused = async (error: string) => {
    bot.log.error({ line: line.id, channel: line.channel, error }, 'slack does not take a reply');
    await save({
      state: 'FAILED',
      error,
      nextTryInMs: refusedMs(line.attempts + 1, line.broadcast ? 'ALERT' : 'OTHER'),
    });
  };
  const doubt = line.state === 'UNKNOWN' || line.state === 'SENDING';
  const found = doubt
    ? await look(bot.clients.lookup, {
        id: line.id,
        channel: line.channel,
        threadTs: line.threadTs,
        since: line.createdAt,
      })
    : null;
  if (found !== null && typeof found === 'object') {
    await save({ state: 'SENT', ts: found.ts, error: null });
    return;
  }
  if (found === 'away' && !isRepeatedUnseen(line.attempts)) {
    const attempts = line.attempts + 1;
    await save({ state: 'UNKNOWN', attempts, nextTryInMs: backOffMs(attempts) });
    return;
  }
  const mayRepeat = line.mayRepeat || doubt;
  const message =
    line.picture === null ? { text: line.text } : await preparePicture(bot, { line, picture: line.picture });
  if (message === null) return;
  const wait = gate.enter(`post ${line.channel}`, pace.postGapMs);
  if (wait > 0) {
    await save({ mayRepeat, nextTryInMs: wait });
    return;
  }
  if (!(await save({ state: 'SENDING', attempts: line.attempts + 1, mayRepeat }, { keepForMs: claimMs }))) return;
  const outcome = await post(bot.clients.outbox, {
    id: line.id,
    channel: line.channel,
    threadTs: line.threadTs,
    broadcast: line.broadcast,
    message: mayRepeat ? { ...message, text: `${message.text} (may appear twice)` } : message,
  });
  gate.close(`post ${line.channel}`, pace.postGapMs);
  switch (outcome.kind) {
    case 'sent':
      await save({ state: 'SENT', ts: outcome.ts, error: null });
      return;
    case 'later':
      if (outcome.limited) gate.close(`post ${line.channel}`, outcome.afterMs);
      await save({ state: 'QUEUED', error: outcome.error, nextTryInMs: outcome.afterMs });
      return;
    case 'unknown':
      await save({ state: 'UNKNOWN', error: outcome.error, nextTryInMs: backOffMs(line.attempts + 1) });
      return;
    case 'content':
      if (line.picture?.failed === null) {
        bot.log.error({ line: line.id, error: outcome.error }, 'slack does not show a picture, sends the words alone');
        const picture = { ...line.picture, failed: `Slack does not show it (${outcome.error})` };
        await save({ state: 'QUEUED', picture, error: outcome.error, nextTryInMs: 0 });
        return;
      }
      await refused(outcome.error);
      return;
    case 'channel':
      await refused(outcome.error);
      await checkPlace(bot.db, line);
      return;
    case 'gone':
    case 'refused':
      await refused(outcome.error);
      return;
    default:
      outcome satisfies never;
  }
}
