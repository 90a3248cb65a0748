import { type Alert, type AlertEvent, alertName, titleToShow } from '../../domain/alert.ts';
import { routeOf } from '../../domain/alert-route.ts';
import { type Addressee, addresseesFrom, inWordsOf } from '../../domain/escalation/addressees.ts';
import { nextStep } from '../../domain/escalation/next-step.ts';
import { isPlaceOfExhausted, placeOfExhausted } from '../../domain/escalation/undelivered-words.ts';
import type { CarriedStep } from '../../store/escalation/escalation-rows.ts';
import { readEscalationFacts } from '../../store/escalation/facts.ts';
import { dropPlace, recordPlaceless } from '../../store/escalation/undelivered.ts';
import { eventsOfAlerts, findVisibleAlert } from '../../store/reads/alerts.ts';
import { callsOnGroup, listRoutes, stepsOfAlerts } from '../../store/reads/escalations.ts';
import {
  ensureEscalationCard,
  findPlace,
  isSaidLater,
  listPlacesWithoutCard,
} from '../../store/slack/escalation-cards.ts';
import { findSlackUserOfPerson } from '../../store/slack/slack.ts';
import type { Card } from '../../store/slack/slack-cards.ts';
import type { NewLine } from '../../store/slack/slack-lines.ts';
import { firstTold } from '../../store/slack/told.ts';
import type { Bot } from '../bot.ts';
import { alertCard } from '../views/alert-card.ts';
import { date, type Message, mention, mentionGroup, safe, sentence, withChannels } from '../views/text.ts';
import { whyHere } from '../views/why-here.ts';
import { channelOf } from './alert-channel.ts';
import { readShownWith } from './alert-shown.ts';

type Line = { readonly key: string; text: string; broadcast: boolean };
type Found = { readonly alert: Alert; readonly events: readonly AlertEvent[] };

const escalated: readonly string[] = ['ESCALATED', 'ESCALATION_EXHAUSTED'];

/**
 * What escalation adds to the replies of an alert: who is called is mentioned, and the channel is told. That it is over is told to the
 * channel only if it had been escalated. Mentions come from routes, rotations and links alone, never from what an alert says.
 */
export async function callInLines(bot: Bot, { alert, events, lines }: Found & { lines: Line[] }): Promise<void> {
  const isEscalated = events.some(({ type }) => escalated.includes(type));
  const calls = events.filter(({ type }) => type === 'CALLED' || escalated.includes(type));
  const steps = calls.length === 0 ? [] : await stepsOfAlerts(bot.db, [alert.id]);
  for (const line of lines) {
    const event = events.find(({ id }) => line.key === `event:${id}`);
    if (event === undefined) continue;
    if (escalated.includes(event.type) || event.type === 'NOT_DELIVERED') line.broadcast = true;
    if (isEscalated && (event.type === 'RESOLVED' || event.type === 'RESOLVED_BY_HAND')) line.broadcast = true;
    const step = calls.includes(event) ? steps.find(({ revision }) => revision === event.revision) : undefined;
    if (step !== undefined) line.text = [...(await mentionsOf(bot, step.told)), line.text].join(' ');
  }
}

/** What a reply says of an event. Where something was not delivered stands as Slack names the channel: those words are ours, not people's. */
export function saidInReply({ type, message }: Pick<AlertEvent, 'type' | 'message'>): string {
  const said = safe(message, 800);
  return type === 'NOT_DELIVERED' ? withChannels(said) : said;
}

async function mentionsOf(bot: Bot, told: readonly Addressee[]): Promise<readonly string[]> {
  const found = await Promise.all(
    told.map(async (each) => {
      if (each.kind === 'GROUP') return mentionGroup(each.id);
      if (each.kind !== 'PERSON') return null;
      const user = await accountOf(bot, each.id, each.name);
      return user === null ? null : mention(user);
    }),
  );
  return [...new Set(found.filter((each) => each !== null))];
}

/** The Slack account of a person: the one that they linked, else the one that the configuration names. Null = none. */
export async function accountOf({ db, self, settings }: Bot, personId: string, name: string): Promise<string | null> {
  const account = await findSlackUserOfPerson(db, { team: self.team, personId });
  return account ?? settings.links.find(({ owner }) => owner === name)?.user ?? null;
}

/** The replies in the message of several alerts that call somebody: each alert there has no thread of its own. */
export async function callsInGroup(bot: Bot, groupId: string): Promise<readonly NewLine[]> {
  const calls = await callsOnGroup(bot.db, groupId);
  const steps = await stepsOfAlerts(bot.db, [...new Set(calls.map(({ event }) => event.alertId))]);
  return Promise.all(
    calls.map(async ({ event, number, title, assignee }) => {
      const step = steps.find(({ alertId, revision }) => alertId === event.alertId && revision === event.revision);
      const called = event.type === 'CALLED' && step !== undefined ? await mentionsOf(bot, step.told) : [];
      const given =
        event.type === 'ASSIGNED' && assignee !== null ? await accountOf(bot, assignee.id, assignee.name) : null;
      const what = `*${event.type.replaceAll('_', ' ')}* ${date(event.at)}: A-${number} ${safe(title, 120)}: ${saidInReply(event)}`;
      return {
        key: `event:${event.id}`,
        text: [...called, ...(given === null ? [] : [mention(given)]), what].join(' '),
        broadcast: event.type === 'NOT_DELIVERED',
      };
    }),
  );
}

/** When and to whom an alert escalates next, for its card; null = nobody is waiting for that. */
export async function escalationAhead(bot: Bot, alert: Alert): Promise<{ at: Date; to: string } | null> {
  const at = bot.now();
  const linkedNames = bot.settings.links.map(({ owner }) => owner);
  const facts = await readEscalationFacts(bot.db, alert, { at, linkedNames });
  if (facts === null) return null;
  // A card that is about to be posted is told as soon as Slack has it.
  const next = nextStep({ ...facts, toldAt: facts.toldAt ?? at, done: Math.max(0, facts.done) });
  if (next.kind !== 'WAITS') return null;
  const range = { from: next.step, to: next.step, isUntold: false };
  const { told } = addresseesFrom(facts.policy, range, facts.call);
  return { at: next.at, to: told.length === 0 ? 'nobody: its route names nobody' : inWordsOf(told) };
}

/** Where the card of an alert goes when Slack does not take it in its channel, best first. */
export async function otherChannels({ db, settings }: Bot, alert: Alert): Promise<readonly string[]> {
  const route = routeOf(await listRoutes(db, { visibility: 'everywhere', past: false }), alert);
  const places = [route?.fallbackChannel, route?.secondChannel, settings.alertChannel];
  const own = route?.channel ?? settings.alertChannel;
  return [...new Set(places)].filter((place) => place != null && place !== own).map((place) => place ?? '');
}

/** Makes the messages for places in which an alert is to be told besides. */
export async function findPlaces(bot: Bot): Promise<void> {
  for (const { id, alertId, stepId, place } of await listPlacesWithoutCard(bot.db)) {
    const over = isPlaceOfExhausted(place) ? await whyNotExhausted(bot, { id, alertId }) : null;
    if (over !== null) {
      await dropPlace(bot.db, { id, why: over });
      continue;
    }
    const channel = await channelOfPlace(bot, { alertId, stepId, place });
    if (channel !== null) await ensureEscalationCard(bot.db, { id, channel });
    else {
      const error = place.startsWith('person:') ? 'the person has no Slack account here' : 'there is no channel for it';
      const changed = await recordPlaceless(bot.db, { deliveryId: id, error, instead: null });
      if (changed !== null) bot.engine.changed(`alert:${changed}`);
    }
  }
}

/** Why nobody has to be told any more that nobody is left to call; null = it still is so. */
async function whyNotExhausted(bot: Bot, { id, alertId }: { id: string; alertId: string }): Promise<string | null> {
  if (await isSaidLater(bot.db, { alertId, id })) return 'a later message says so';
  const alert = await findVisibleAlert(bot.db, { visibility: 'everywhere', id: alertId });
  if (alert === null || alert.signal === 'RESOLVED') return 'it was over before';
  if (alert.mute.kind !== 'NONE') return 'it was hidden before';
  return alert.handling.kind === 'ACKED' ? `${alert.handling.byName} had taken it before` : null;
}

type PlaceContent = {
  readonly message: Message;
  readonly revision: number;
  readonly joinRevision: number;
  readonly lines: readonly NewLine[];
  readonly otherPlaces: readonly string[];
};

type Place = { readonly alertId: string; readonly stepId: string; readonly place: string };

async function channelOfPlace(bot: Bot, { alertId, stepId, place }: Place): Promise<string | null> {
  if (place === 'channel' || isPlaceOfExhausted(place)) {
    const alert = await findVisibleAlert(bot.db, { visibility: 'everywhere', id: alertId });
    if (alert === null) return null;
    const own = await channelOf(bot, alert);
    if (place === 'channel') return own;
    const { fallbackChannel } = await routeFor(bot, alert);
    return fallbackChannel ?? own;
  }
  const personId = /^person:(.+)$/.exec(place)?.[1];
  if (personId === undefined) return place;
  const step = (await stepsOfAlerts(bot.db, [alertId])).find(({ id }) => id === stepId);
  const named = step?.told.find((each) => each.kind === 'PERSON' && each.id === personId);
  return accountOf(bot, personId, named?.kind === 'PERSON' ? named.name : '');
}

const follows: readonly string[] = [
  ...escalated,
  'ACKED',
  'UNACKED',
  'ACK_EXPIRED',
  'RESOLVED',
  'REOPENED',
  'NOT_DELIVERED',
];

/** The message about an alert in another place: its card, with whom it calls there; its thread has what happens from then on. */
export async function readPlaceContent(
  bot: Bot,
  card: Pick<Card, 'subjectId'> & Partial<Pick<Card, 'createdAt'>>,
  { mayRepeat }: { readonly mayRepeat: boolean },
): Promise<PlaceContent | null> {
  const place = await findPlace(bot.db, card.subjectId);
  const alert = place === null ? null : await findVisibleAlert(bot.db, { visibility: 'everywhere', id: place.alertId });
  if (place === null || alert === null) return null;
  const events = await eventsOfAlerts(bot.db, { alertIds: [alert.id], limit: 500 });
  const steps = await stepsOfAlerts(bot.db, [alert.id]);
  const step = steps.find(({ id }) => id === place.stepId);
  if (isPlaceOfExhausted(place.place))
    return exhaustedContent(bot, { ...{ alert, events, steps, step, mayRepeat }, ...place });
  const calls = await callsHere(bot, { alert, place: place.place, step });
  const message = await cardHere(bot, { alert, events, steps, step, place: place.place, mayRepeat });
  const lines = events
    .filter(({ type, at }) => follows.includes(type) && card.createdAt !== undefined && at >= card.createdAt)
    .map((event) => ({
      key: `event:${event.id}`,
      text: `*${event.type.replaceAll('_', ' ')}* ${date(event.at)}: ${safe(event.message, 800)}`,
      broadcast: escalated.includes(event.type),
    }));
  if (place.place === 'channel') await callInLines(bot, { alert, events, lines });
  return {
    message: { ...message, text: [...calls, message.text].join(' ') },
    revision: alert.revision,
    joinRevision: 0,
    lines,
    otherPlaces: await placesInstead(bot, { alert, place: place.place }),
  };
}

/**
 * Where a message goes that Slack does not take in its place. The channel in which the alert stands has heard of it: its thread says
 * what was not delivered.
 */
async function placesInstead(bot: Bot, { alert, place }: { alert: Alert; place: string }): Promise<readonly string[]> {
  const { channel, fallbackChannel } = await routeFor(bot, alert);
  const others = await otherChannels(bot, alert);
  // Begins with the place itself: the next one after it is taken.
  const first = isPlaceOfExhausted(place) ? [fallbackChannel, channel] : [channel, fallbackChannel];
  const all = [...new Set([...first, ...others])].filter((each) => each !== null);
  if (place === 'channel' || isPlaceOfExhausted(place)) return all;
  const told = (await firstTold(bot.db, [alert.id])).get(alert.id);
  return all.filter((each) => each !== place && each !== told?.channel);
}

/** The channel of an alert, and where messages go that it does not take. */
async function routeFor(bot: Bot, alert: Alert) {
  const route = routeOf(await listRoutes(bot.db, { visibility: 'everywhere', past: false }), alert);
  return {
    channel: route?.channel ?? bot.settings.alertChannel,
    fallbackChannel: route?.fallbackChannel ?? bot.settings.fallbackChannel,
  };
}

type Here = Found & {
  /** The step that brought it here, and all of them. */
  readonly step: CarriedStep | undefined;
  readonly steps: readonly CarriedStep[];
  readonly place: string;
  readonly mayRepeat: boolean;
};

/** The alert as its own message shows it, with why it came here. */
async function cardHere(bot: Bot, { alert, events, steps, step, place, mayRepeat }: Here): Promise<Message> {
  const told = place === 'channel' ? undefined : (await firstTold(bot.db, [alert.id])).get(alert.id);
  const said = saidOf(step, events);
  const why =
    step === undefined ? null : { step, said, before: before(step, steps), ownChannel: told?.channel ?? null };
  const message = alertCard({
    ...{ alert, mayRepeat, ...(await readShownWith(bot, alert, 'everywhere')) },
    escalates: await escalationAhead(bot, alert),
    ...(why === null ? {} : { whyHere: whyHere(why) }),
  });
  return said === null ? message : { ...message, text: `${message.text}. ${sentence(safe(said, 400))}` };
}

function saidOf(step: CarriedStep | undefined, events: readonly AlertEvent[]): string | null {
  const said = events.find(
    ({ type, revision }) => (type === 'CALLED' || escalated.includes(type)) && revision === step?.revision,
  );
  return said?.message ?? null;
}

/** The steps that had called somebody for the same before. */
function before(step: CarriedStep, steps: readonly CarriedStep[]): readonly CarriedStep[] {
  return steps.filter(({ id, episode, at }) => id !== step.id && episode === step.episode && at <= step.at);
}

/** The message that nobody is left to call. The newest follows the alert and can acknowledge it; what was said before it stays. */
async function exhaustedContent(bot: Bot, here: Here & { readonly id: string }): Promise<PlaceContent | null> {
  const { alert, events, step, id } = here;
  const isOld = await isSaidLater(bot.db, { alertId: alert.id, id });
  const what = sentence(safe(saidOf(step, events) ?? 'Escalation exhausted', 600));
  const about = `${alertName(alert)} on ${safe(alert.clusterName, 60)}, ${safe(titleToShow(alert), 110)}`;
  const message = isOld ? { text: `${about}: ${what} A later message says how it is.` } : await cardHere(bot, here);
  const otherPlaces = await placesInstead(bot, { alert, place: placeOfExhausted(step?.step ?? 0) });
  return { message, revision: alert.revision, joinRevision: 0, lines: [], otherPlaces };
}

/** People are mentioned once for a step: here only where they are not mentioned in the alert's own thread. */
async function callsHere(
  bot: Bot,
  { alert, place, step }: { alert: Alert; place: string; step: CarriedStep | undefined },
): Promise<readonly string[]> {
  if (step === undefined) return [];
  const isTold = (await firstTold(bot.db, [alert.id])).has(alert.id);
  return place === 'channel' || !isTold ? mentionsOf(bot, step.told) : [];
}
