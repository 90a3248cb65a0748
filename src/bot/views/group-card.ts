import type { KnownBlock } from '@slack/web-api';
import { type Alert, alertName } from '../../domain/alert.ts';
import type { AlertGroup, GroupSums } from '../../store/slack/alert-groups.ts';
import { aboutFamily, colorOfSums, memberLine, signOfSums, stateInWords, sumsOf } from './group-words.ts';
import { stormCard } from './storm-card.ts';
import { code, context, count, date, fitCounted, type Message, safe, section } from './text.ts';

const mostCharacters = 2_900;

/** The one message that tells of several alerts: those of a group, or all that came in a storm. */
export function groupCard(group: AlertGroup, { mayRepeat }: { mayRepeat: boolean }): Message {
  return group.kind === 'STORM' ? stormCard(group, { mayRepeat, takeAll }) : ofGroup(group, mayRepeat);
}

function ofGroup(group: AlertGroup, mayRepeat: boolean): Message {
  const { severity, clusterName, listed, counts, openedAt } = group;
  const worst = severity ?? 'HIGH';
  const sums = sumsOf(counts);
  const name = clusterName ?? 'a cluster';
  const state = stateInWords(sums);
  const what = `${count(sums.all, 'alert')} ${aboutFamily(group.family)}`;
  const since = `since ${date(openedAt, 'day')}`;
  const text = `[${worst}] ${safe(name, 60)}: ${what} ${since}. ${state}. ${namesOf(listed)}`.trim();
  const lines = listed.map((alert) => memberLine(alert, { severityShown: worst, clusterShown: true }));
  const inAll = code(`/sr alerts ${name}`, 80);
  const blocks: KnownBlock[] = [
    {
      ...section(`${signOfSums(sums, worst)} *${worst} · ${what}* · ${code(name, 60)} · ${since}\n*${state}*`),
      block_id: 'head',
    },
    section(
      fitCounted(lines, mostCharacters, (shown) =>
        sums.all > shown ? `… and ${sums.all - shown} more: ${inAll}` : null,
      ),
    ),
    ...takeAll(group, sums),
    context([`${inAll} lists all of them, \`/sr ack A-…\` takes one`, ...repeat(mayRepeat)].join(' · ')),
  ];
  return { text, attachments: [{ color: colorOfSums(sums, worst), fallback: text, blocks }] };
}

/** One button that takes all that the message tells of, as it is shown: what joins later is not meant by it. */
function takeAll({ id, joinRevision }: AlertGroup, { open, acked }: GroupSums): readonly KnownBlock[] {
  const untaken = open - acked;
  if (untaken === 0) return [];
  const words = `Acknowledge ${count(untaken, 'alert')}`;
  return [
    {
      type: 'actions',
      block_id: 'act',
      elements: [
        {
          type: 'button',
          action_id: 'alert.ack_all',
          text: { type: 'plain_text', text: 'Acknowledge all…' },
          value: groupValue({ id, joinRevision }),
          accessibility_label: `${words} of this message`,
          confirm: {
            title: { type: 'plain_text', text: `${words}?` },
            text: {
              type: 'plain_text',
              text: `You take care of all ${untaken} that this message shows as open and not acknowledged, those too that it does not list by name.`,
            },
            confirm: { type: 'plain_text', text: 'Acknowledge all' },
            deny: { type: 'plain_text', text: 'Cancel' },
          },
        },
      ],
    },
  ];
}

function groupValue({ id, joinRevision }: Pick<AlertGroup, 'id' | 'joinRevision'>): string {
  return `${id} ${joinRevision}`;
}

/** Reads the value of the button that takes all; null = it is none of ours. */
export function readGroupValue(value: string | null): { groupId: string; joinRevision: number } | null {
  const match = /^(agr_[0-9A-Z]{26}) (\d{1,15})$/.exec(value ?? '');
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { groupId: match[1], joinRevision: Number(match[2]) };
}

/** What became of taking all. */
export function allTaken(taken: readonly Alert[], refusals: readonly string[]): Message {
  const names = taken.slice(0, 20).map(alertName).join(', ');
  const more = taken.length > 20 ? ` and ${taken.length - 20} more` : '';
  const said =
    taken.length === 0
      ? 'You have taken none of the alerts of that message.'
      : `You take care of ${count(taken.length, 'alert')}: ${names}${more}.`;
  const others = [...Map.groupBy(refusals, (why) => why)].map(([why, all]) => `${all.length} not: ${safe(why, 200)}`);
  const none =
    taken.length + refusals.length === 0 ? ' All of them are over or taken already, or you may not see them.' : '';
  return { text: `${said}${none}${others.length === 0 ? '' : ` ${others.slice(0, 5).join('. ')}.`}` };
}

function namesOf(alerts: readonly Alert[]): string {
  const open = alerts.filter(({ signal }) => signal !== 'RESOLVED').slice(0, 3);
  return open.map(alertName).join(', ');
}

function repeat(mayRepeat: boolean): readonly string[] {
  return mayRepeat ? ['(may appear twice)'] : [];
}
