import type { Calendar } from '../../domain/calendar.ts';
import { calendarFor } from '../../domain/why-not-now.ts';
import type { Reader } from '../database.ts';
import { readWholeCalendar } from '../reads/calendar.ts';

/**
 * What has to be asked before something begins by itself on a cluster: see `whyNotNow`. Blackouts and holds whose time is
 * over are in it too, since what counts is the time of the one who asks.
 */
export async function readCalendar(
  db: Reader,
  cluster: { readonly clusterId: string; readonly environment: string },
): Promise<Calendar> {
  return calendarFor(await readWholeCalendar(db), cluster);
}
