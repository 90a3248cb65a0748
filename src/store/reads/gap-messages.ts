import { sql } from 'kysely';
import { closedGap } from '../../domain/on-call-gap.ts';
import type { Reader } from '../database.ts';

/** `rot_` and a ULID; what follows it in the subject of such a message is its number. */
const idLength = 30;

export type GapMessages = {
  /** By which all messages about a rotation of this name are known: the first that was ever called so. */
  readonly firstRotationId: string;
  /** How many there ever were. */
  readonly all: number;
  /** How many still tell of a time in which nobody is called. */
  readonly open: number;
};

/**
 * The messages about times in which a rotation calls nobody, by its name, which outlives a change of it. In one statement, so that two
 * processes that see the same make the same next one.
 */
export async function countGapMessages(db: Reader): Promise<ReadonlyMap<string, GapMessages>> {
  const rows = await db
    .selectFrom('on_call_rotation')
    .leftJoin('slack_card', (join) =>
      join
        .on('slack_card.kind', '=', 'GAP')
        .on(sql<boolean>`LEFT(slack_card.subject_id, ${sql.lit(idLength)}) = on_call_rotation.id`),
    )
    .select('on_call_rotation.name')
    .select(({ fn }) => [fn.min('on_call_rotation.id').as('first'), fn.count('slack_card.id').as('all')])
    .select(sql<number>`COALESCE(SUM(slack_card.shown_revision < ${sql.lit(closedGap)}), 0)`.as('open'))
    .groupBy('on_call_rotation.name')
    .execute();
  return new Map(
    rows.map(({ name, first, all, open }) => [name, { firstRotationId: first, all: Number(all), open: Number(open) }]),
  );
}

/** What the rotation is called that such a message is about; null = there never was one. */
export async function findRotationOfGapMessage(db: Reader, subjectId: string): Promise<string | null> {
  const row = await db
    .selectFrom('on_call_rotation')
    .select('name')
    .where('id', '=', subjectId.slice(0, idLength))
    .executeTakeFirst();
  return row?.name ?? null;
}
