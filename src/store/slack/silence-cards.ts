import type { Alert } from '../../domain/alert.ts';
import { type Silence, silenceName } from '../../domain/silence.ts';
import { endOfSilence, endsSoon, type SilenceEnd } from '../../domain/silence-end.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import { isDue } from '../claims.ts';
import type { Database } from '../database.ts';
import { readable } from '../readable.ts';
import { openSilences } from '../reads/covering-silences.ts';
import { hidingWindows } from '../reads/hiding-windows.ts';
import { findVisibleSilence } from '../reads/silences.ts';

/** What the message about the end of a silence shows for the last time. */
export const overRevision = 2;

/** Silences of whose end people have to be told by now, since something that they hide still fires, and of which there is no message yet. */
export async function listSilencesWithoutCard(db: Database, now: Date): Promise<readonly SilenceEnd[]> {
  const silences = await openSilences(db, { at: now, visibility: 'everywhere' });
  const ending = silences.filter((silence) => endsSoon(silence, now));
  if (ending.length === 0) return [];
  const rows = await db
    .selectFrom('slack_card')
    .select('subject_id')
    .where('kind', '=', 'SILENCE')
    .where(
      'subject_id',
      'in',
      ending.map(({ id }) => id),
    )
    .execute();
  const told = new Set(rows.map((row) => row.subject_id));
  const untold = ending.filter(({ id }) => !told.has(id));
  const ends = await endsOf(db, { of: untold, silences, now });
  return ends.filter(({ stage, firing }) => stage !== 'OVER' && firing.length > 0);
}

/** How a silence comes to its end; null = there is no such silence. */
export async function readSilenceEnd(db: Database, id: string, now: Date): Promise<SilenceEnd | null> {
  const silence = await findVisibleSilence(db, { visibility: 'everywhere', id });
  if (silence === null) return null;
  const silences = await openSilences(db, { at: now, visibility: 'everywhere' });
  const [end = null] = await endsOf(db, { of: [silence], silences, now });
  return end;
}

type Ending = { readonly of: readonly Silence[]; readonly silences: readonly Silence[]; readonly now: Date };

async function endsOf(db: Database, { of, silences, now }: Ending): Promise<readonly SilenceEnd[]> {
  if (of.length === 0) return [];
  const alerts = await firingBehind(db, of.map(silenceName));
  const windows = await hidingWindows(db, { visibility: 'everywhere' });
  return of.map((silence) => endOfSilence(silence, { alerts, silences, windows, now }));
}

/** Alerts that fire and that one of these silences hid at the last look. One that cannot be read is left out, as in every list. */
async function firingBehind(db: Database, names: readonly string[]): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('closed_at', 'is', null)
    .where('signal_state', '=', 'FIRING')
    .where('muted_by', 'in', names)
    .orderBy('number')
    .execute();
  return readable(rows, toAlert, () => undefined);
}

/** Messages about silences that end that are due: never sent, to be tried again, or of one that is not shown as over yet. */
export async function listDueSilenceCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', 'SILENCE')
    .where(isDue('slack_card'))
    .where((row) => row.or([row('state', '!=', 'SENT'), row('shown_revision', '<', overRevision)]))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
