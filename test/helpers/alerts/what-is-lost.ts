import type { Slack } from '../../../sandbox/slack/start.ts';
import type { Message } from '../../../sandbox/slack/workspace/types.ts';
import type { Database } from '../../../src/store/database.ts';

/*
 * What must hold whoever died wherever, as sentences about what does not. Messages are read as people read them: by the names of
 * alerts in them, not by what our own tables say that they show.
 */

const repeatMark = '(may appear twice)';

/** At any moment: of no alert do our tables say that people were told of it unless there is a message. */
export async function saidTooEarly(db: Database, slack: Slack): Promise<readonly string[]> {
  const told = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .select(['alert.number', 'alert_delivery.card_id'])
    .where('alert_delivery.told_at', 'is not', null)
    .execute();
  const messages = messagesOf(slack);
  return told
    .filter(({ number, card_id }) => !messages.some((each) => cardOf(each) === card_id && names(each, number)))
    .map(({ number }) => `A-${number} counts as told, and no message names it`);
}

/** Once nobody has anything to do any more; with at most ten alerts on a message, since it names no more. */
export async function whatIsLost(db: Database, slack: Slack): Promise<readonly string[]> {
  const alerts = await db
    .selectFrom('alert')
    .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(['alert.id', 'alert.number', 'alert.severity', 'alert.signal_state', 'alert.muted_by'])
    .select(['alert_delivery.card_id', 'alert_delivery.told_at', 'alert_delivery.missed', 'slack_card.ts'])
    .execute();
  const messages = messagesOf(slack);
  const faults = alerts.flatMap((alert) => {
    const name = `A-${alert.number}`;
    const naming = messages.filter((each) => names(each, alert.number));
    const ownCard = naming.filter((each) => cardOf(each) === alert.card_id);
    if (alert.signal_state === 'RESOLVED') {
      const open = naming.filter((each) => saysOpen(each, alert.number));
      return [
        ...open.map(() => `${name} is resolved, and a message says that it goes on`),
        ...(naming.length === 0 && alert.missed !== 1 && alert.muted_by === null
          ? [`${name} began and ended, and is neither told nor counted`]
          : []),
      ];
    }
    if (alert.muted_by !== null) return [];
    const shown = ownCard.find(({ ts }) => ts === alert.ts);
    return [
      ...(alert.told_at === null ? [`${name} does not count as told`] : []),
      ...(shown === undefined ? [`no message of its own names ${name}`] : []),
      ...(shown !== undefined && !saysOpen(shown, alert.number) ? [`the message of ${name} does not say it`] : []),
      ...(shown !== undefined && !textOf(shown).includes(alert.severity)
        ? [`the message of ${name} does not say how bad it is`]
        : []),
    ];
  });
  return [...faults, ...(await unheardRises(db, slack)), ...(await saidTooEarly(db, slack)), ...unmarkedRepeats(slack)];
}

/** Alerts whose own message began with less, and of whose rise the channel was not told. */
async function unheardRises(db: Database, slack: Slack): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert')
    .innerJoin('slack_card', 'slack_card.subject_id', 'alert.id')
    .select(['alert.number', 'alert.severity', 'slack_card.ts'])
    .where('alert.signal_state', '!=', 'RESOLVED')
    .where('alert.muted_by', 'is', null)
    .execute();
  const all = slack.ctl.messages();
  const unheard = rows.filter(({ severity, ts }) => {
    const message = all.find((each) => each.ts === ts);
    const first = message?.history[0] ?? message?.content;
    const replies = all.filter((each) => each.threadTs === ts && each.isBroadcast);
    const isHeard = replies.some(({ content }) => content.text.includes('SEVERITY ROSE'));
    return first !== undefined && !first.text.startsWith(`[${severity}]`) && !isHeard;
  });
  return unheard.map(({ number, severity }) => `nobody was notified when A-${number} became ${severity}`);
}

/** Messages and replies that stand there twice, and none of them says so. */
function unmarkedRepeats(slack: Slack): readonly string[] {
  const all = slack.ctl.messages().filter(({ botId, isDeleted }) => botId !== null && !isDeleted);
  return [...Map.groupBy(all, cardOf)].flatMap(([card, alike]) => {
    const plain = alike.filter((each) => !isMarked(each));
    return card === null || plain.length <= 1
      ? []
      : [`${plain.length} messages of ${card} do not say that they repeat`];
  });
}

/** What stands in the channels and is no reply. */
function messagesOf(slack: Slack): readonly Message[] {
  return slack.ctl
    .messages()
    .filter(
      ({ botId, visibleTo, threadTs, isDeleted }) =>
        botId !== null && visibleTo === null && threadTs === null && !isDeleted,
    );
}

function cardOf({ content }: Message): string | null {
  const payload = content.metadata?.event_payload;
  return typeof payload === 'object' && payload !== null && 'card' in payload ? String(payload.card) : null;
}

const textOf = ({ content }: Message) => JSON.stringify([content.text, content.blocks, content.attachments]);
const names = (message: Message, number: number) => new RegExp(`A-${number}(?!\\d)`).test(textOf(message));
const isMarked = ({ content, history }: Message) =>
  [content, ...history].some((each) => JSON.stringify(each).includes(repeatMark));

/** Messages of one alert end with its name; those of several have a line for each. */
function saysOpen(message: Message, number: number): boolean {
  const { text } = message.content;
  if (new RegExp(`A-${number}$`).test(text) && !/\d+ alerts? /.test(text)) return !/ Resolved\b/.test(text);
  const word = '(FIRING|FLAPPING|NO DATA|(ACKED|HIDDEN)[^*]*)';
  return new RegExp(`\\*([A-Z]+ · )?${word}\\* A-${number}(?!\\d)`).test(textOf(message));
}
