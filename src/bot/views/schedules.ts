import type { KnownBlock } from '@slack/web-api';
import type { Inaction } from '../../domain/calendar.ts';
import type { Schedule, ScheduleFiring } from '../../domain/schedule.ts';
import { code, context, count, date, fitLines, header, type Message, safe, section } from './text.ts';

export type ScheduleLine = {
  readonly schedule: Schedule;
  /** The operation's title. */
  readonly title: string;
  /** Null = named above the list. */
  readonly clusterName: string | null;
  /** What became of its newest time; null = none came yet. */
  readonly last: ScheduleFiring | null;
  /** `R-12`; null = there is none, or it may not be seen. */
  readonly lastRun: string | null;
  /** Why it would begin nothing if a time were due now. */
  readonly stopped: Inaction | null;
};

/** Schedules by name: when each fires next, what became of the last time, and what stands in its way. */
export function scheduleList(lines: readonly ScheduleLine[], clusterName: string | null): Message {
  const of = clusterName === null ? '' : ` of ${clusterName}`;
  const text = safe(`${count(lines.length, 'schedule')}${of}.`, 300);
  if (lines.length === 0) return { text: `There is no schedule${safe(of, 100)} that you may see.` };
  const blocks: KnownBlock[] = [
    header(`Schedules${of}`),
    ...inParts(lines.map(lineOf)).map((part) => section(fitLines(part, 2900))),
    context('`/sr schedule run|pause|resume &lt;cluster&gt; &lt;name&gt;` changes one of them.'),
  ];
  return { text, blocks };
}

/** A section of Slack holds some lines; what does not fit into the last one is counted. */
function inParts(lines: readonly string[]): readonly (readonly string[])[] {
  const parts = [0, 8, 16].map((from) => lines.slice(from, from + 8));
  return [...parts, lines.slice(24)].filter((part) => part.length > 0);
}

function lineOf({ schedule, title, clusterName, last, lastRun, stopped }: ScheduleLine): string {
  const where = clusterName === null ? '' : ` on ${code(clusterName, 60)}`;
  const dry = schedule.isDryRun ? ', only a plan' : '';
  const parts = [
    `${code(schedule.name, 64)}${where}: ${safe(title, 80)}${dry}`,
    nextOf(schedule),
    lastOf(last, lastRun),
    ...(schedule.retry === null ? [] : [`tried again every minute: ${safe(schedule.retry.message, 200)}`]),
    ...(stopped === null || schedule.state === 'PAUSED'
      ? []
      : [`*would not begin now*: ${safe(stopped.message, 300)}`]),
  ];
  return parts.join(' · ');
}

function nextOf({ state, slotAt, stateByName, stateReason, cron, timeZone }: Schedule): string {
  if (state === 'PAUSED') return `*PAUSED* by ${safe(stateByName ?? 'somebody', 60)}: ${safe(stateReason ?? '', 200)}`;
  const times = `${code(cron)} ${safe(timeZone, 64)}`;
  return slotAt === null ? `never again, ${times}` : `next ${date(slotAt, 'day')}, ${times}`;
}

function lastOf(last: ScheduleFiring | null, run: string | null): string {
  if (last === null) return 'no time came yet';
  const at = date(last.slotAt, 'day');
  switch (last.outcome) {
    case 'STARTED':
      return `last ${at}: ${run ?? 'a run'}${last.attempt > 1 ? `, asked for ${last.attempt} times` : ''}`;
    case 'DRY_RUN':
      return `last ${at}: a plan, ${safe(last.plan?.summary ?? '', 200)}`;
    case 'SKIPPED':
    case 'REFUSED':
      return `last ${at}: *nothing begun*, ${safe(last.reason?.message ?? '', 300)}`;
    default:
      return last.outcome satisfies never;
  }
}
