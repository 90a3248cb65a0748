import { z } from 'zod';
import { mistakesInCron, nextTimes } from '../../domain/cron.ts';
import { scheduleTime } from '../../runs/schedules/may-fire.ts';
import {
  countSchedules,
  findVisibleSchedule,
  listSchedules,
  type ScheduleListFilter,
} from '../../store/reads/schedules.ts';
import { checkCount } from '../check-count.ts';
import { type PageArguments, readConnection } from '../connection.ts';
import { type RequestContext, readableBy } from '../request-context.ts';

export function schedule(_: unknown, { id }: { id: string }, { deps, actor }: RequestContext) {
  return findVisibleSchedule(deps.db, { visibility: readableBy(actor), id });
}

export function schedules(
  _: unknown,
  { filter, ...page }: PageArguments & { filter?: ScheduleListFilter | null },
  { deps, actor }: RequestContext,
) {
  const which = { visibility: readableBy(actor), filter: filter ?? {} };
  return readConnection(page, {
    name: 'schedules',
    key: z.object({ name: z.string(), id: z.string() }),
    read: (part) => listSchedules(deps.db, { ...which, page: part }),
    count: () => countSchedules(deps.db, which),
    keyOf: ({ name, id }) => ({ name, id }),
  });
}

type Times = { readonly cron: string; readonly timeZone: string; readonly count?: number | null };

export async function scheduleTimes(_: unknown, { count, ...times }: Times, { deps }: RequestContext) {
  const most = checkCount(count ?? 5, { name: 'count', most: 50 });
  const mistakes = mistakesInCron(times);
  if (mistakes.length === 0)
    return { times: nextTimes(times, { after: await scheduleTime(deps.engine), count: most }), userErrors: [] };
  const hint = 'An expression such as 30 2 * * 1-5 in a zone such as Europe/Berlin means half past two on weekdays.';
  return {
    times: [],
    userErrors: mistakes.map(({ field, text }) => ({
      ...{ code: 'INVALID_INPUT', message: `${field} ${text}`, path: [field], hint, retryable: false },
    })),
  };
}
