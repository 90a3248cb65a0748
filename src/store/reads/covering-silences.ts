import { type Silence, silenceState } from '../../domain/silence.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { toSilence } from '../silences/silence-rows.ts';
import { isEntryVisible } from './calendar.ts';
import type { Visibility } from './visibility.ts';

type Place = { readonly clusterId: string; readonly environment: string };

/** The silences that hide alerts of this cluster at this time of the database, oldest first. One that cannot be read hides nothing. */
export async function silencesCovering(
  db: Reader,
  { at, ...cluster }: Place & { readonly at: Date },
): Promise<readonly Silence[]> {
  return covering(await openSilences(db, { at, visibility: 'everywhere' }), { at, ...cluster });
}

/** Those that end after this time and were not ended, of all clusters that somebody may see: for `covering`. */
export async function openSilences(
  db: Reader,
  { at, visibility }: { readonly at: Date; readonly visibility: Visibility },
): Promise<readonly Silence[]> {
  const rows = await db
    .selectFrom('silence')
    .selectAll()
    .where('until_at', '>', at)
    .where('ended_at', 'is', null)
    .where(isEntryVisible(visibility, 'silence'))
    .orderBy('number')
    .execute();
  return readable(rows, toSilence, () => undefined);
}

/** Those of them that hide alerts of this cluster at this time. */
export function covering(
  silences: readonly Silence[],
  { at, ...cluster }: Place & { readonly at: Date },
): readonly Silence[] {
  return silences.filter((silence) => silenceState(silence, at) === 'ACTIVE' && coversCluster(silence.scope, cluster));
}
