import type { Receipt } from '../../domain/receipt.ts';
import { databaseNowPlus, type Reader } from '../database.ts';

/** Longer than a few looks take. */
const lastLooksMs = 120_000;

/** What a run hid and what became of it; null = it hid nothing. The run was read with rights before. */
export async function readReceipt(db: Reader, runId: string): Promise<Receipt | null> {
  const rows = await db
    .selectFrom('hidden_by_run')
    .leftJoin('alert', (join) =>
      join.onRef('alert.open_fingerprint', '=', 'hidden_by_run.fingerprint').on('alert.signal_state', '!=', 'RESOLVED'),
    )
    .select((row) => [
      'hidden_by_run.cleared_at',
      'alert.number',
      row
        .case()
        .when('hidden_by_run.covered_at', '>', databaseNowPlus(-lastLooksMs))
        .then(1)
        .else(0)
        .end()
        .as('is_covered'),
    ])
    .where('hidden_by_run.run_id', '=', runId)
    .orderBy('alert.number')
    .execute();
  if (rows.length === 0) return null;
  const open = rows.flatMap(({ number }) => (number === null ? [] : [number]));
  const cleared = rows.filter((row) => row.number === null && row.cleared_at !== null).length;
  const stillHidden = rows.filter(
    (row) => row.number === null && row.cleared_at === null && row.is_covered === 1,
  ).length;
  const unknown = rows.length - cleared - open.length - stillHidden;
  return { hidden: rows.length, cleared, open, stillHidden, unknown };
}
