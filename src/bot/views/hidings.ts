import type { KnownBlock } from '@slack/web-api';
import { alertName } from '../../domain/alert.ts';
import type { AlertHiding } from '../../domain/alert-hidings.ts';
import { date, fitLines, safe, section } from './text.ts';

const mostNames = 10;

/** What nobody is told of now, by what hides it: by whom, until when and why. Also what hides nothing at the moment and would. */
export function hidingSection(hidings: readonly AlertHiding[]): KnownBlock[] {
  if (hidings.length === 0) return [];
  const some = hidings.filter(({ alerts }) => alerts.length > 0);
  const none = hidings.filter(({ alerts }) => alerts.length === 0);
  return [section(`*What hides alerts*\n${fitLines([...some, ...none].map(hidingLine), 1500)}`)];
}

function hidingLine({ name, covers, because, byName, until, untilWords, alerts }: AlertHiding): string {
  const by = byName === null ? '' : ` by ${safe(byName, 80)}`;
  const end = until === null ? safe(untilWords, 80) : `until ${date(until, 'day')}`;
  const names = alerts.slice(0, mostNames).map(alertName);
  const more = alerts.length > names.length ? ` and ${alerts.length - names.length} more` : '';
  const hides =
    names.length > 0 ? `hides ${names.join(', ')}${more}` : `hides nothing now, and would hide ${safe(covers, 120)}`;
  return `• *${safe(name, 40)}*${by} ${hides}, ${end}: ${safe(because, 250)}`;
}
