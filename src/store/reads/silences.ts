import { type SqlBool, sql } from 'kysely';
import type { Alert } from '../../domain/alert.ts';
import type { CalendarScope } from '../../domain/calendar.ts';
import { type Silence, type SilenceMatchers, silenceHides } from '../../domain/silence.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { toSilence } from '../silences/silence-rows.ts';
import { isOpenAlert, newestAlerts } from './alerts-in-scope.ts';
import { isEntryVisible } from './calendar.ts';
import type { Visibility } from './visibility.ts';

/** Newest first; `ended`: those that are over too, the last 200 of all. One that cannot be read hides nothing, and is left out. */
export async function listSilences(
  db: Reader,
  { visibility, ended }: { visibility: Visibility; ended: boolean },
): Promise<readonly Silence[]> {
  let query = db.selectFrom('silence').selectAll().where(isEntryVisible(visibility, 'silence'));
  if (!ended) query = query.where('ended_at', 'is', null).where('until_at', '>', sql<Date>`UTC_TIMESTAMP(3)`);
  const rows = await query.orderBy('number', 'desc').limit(200).execute();
  return readable(rows, toSilence, () => undefined);
}

export async function findVisibleSilence(
  db: Reader,
  { visibility, ...by }: { visibility: Visibility } & ({ id: string } | { number: number }),
): Promise<Silence | null> {
  const row = await db
    .selectFrom('silence')
    .selectAll()
    .where('id' in by ? 'id' : 'number', '=', 'id' in by ? by.id : by.number)
    .where(isEntryVisible(visibility, 'silence'))
    .executeTakeFirst();
  return row === undefined ? null : toSilence(row);
}

/** What a silence would hide: alerts that are open now, and those that were seen to fire in the last week and are over. */
export type SilencePreview = {
  readonly open: readonly Alert[];
  readonly lastWeek: readonly Alert[];
  /** Alerts that fit and are told all the same, since their rules are never hidden. */
  readonly neverHidden: readonly Alert[];
  /** Set when there are more alerts of that week than were looked at. */
  readonly isCut: boolean;
};

/** Looks at the alerts that the reader may see within the scope; the newest 2,000 of the last 7 days. */
export async function previewSilence(
  db: Reader,
  { visibility, scope, matchers }: { visibility: Visibility; scope: CalendarScope; matchers: SilenceMatchers },
): Promise<SilencePreview> {
  const { alerts, isCut } = await newestAlerts(db, {
    ...{ visibility, scope },
    which: sql<SqlBool>`(alert.last_seen_at > UTC_TIMESTAMP(3) - INTERVAL 7 DAY OR ${isOpenAlert})`,
  });
  const fitting = alerts.filter((alert) => silenceHides({ matchers }, alert));
  const hidden = fitting.filter(({ isNeverHidden }) => !isNeverHidden);
  const isOpen = ({ signal, closedAt }: Alert) => signal !== 'RESOLVED' && closedAt === null;
  return {
    open: hidden.filter(isOpen),
    lastWeek: hidden.filter((alert) => !isOpen(alert)),
    neverHidden: fitting.filter(({ isNeverHidden }) => isNeverHidden),
    isCut,
  };
}
