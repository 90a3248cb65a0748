import { type Silence, silenceState } from '../../domain/silence.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { toSilence } from '../silences/silence-rows.ts';

/** The silences that hide alerts of this cluster at this time of the database, oldest first. One that cannot be read hides nothing. */
export async function silencesCovering(
  db: Reader,
  { at, ...cluster }: { clusterId: string; environment: string; at: Date },
): Promise<readonly Silence[]> {
  const rows = await db
    .selectFrom('silence')
    .selectAll()
    .where('until_at', '>', at)
    .where('ended_at', 'is', null)
    .orderBy('number')
    .execute();
  return readable(rows, toSilence, () => undefined).filter(
    (silence) => silenceState(silence, at) === 'ACTIVE' && coversCluster(silence.scope, cluster),
  );
}
