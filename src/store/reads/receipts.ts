import type { Receipt } from '../../domain/receipt.ts';
import { databaseNowPlus, type Reader } from '../database.ts';
import { isVisible, type Visibility } from './visibility.ts';

/** Longer than a few looks take. */
const lastLooksMs = 120_000;

/**
 * What runs hid and what became of it, in one statement; none for a run that hid nothing. The runs were read with rights
 * before; of alerts those are named that the reader may see, since a cluster may have another environment label by now.
 */
export async function receiptsOfRuns(
  db: Reader,
  { runIds, visibility }: { runIds: readonly string[]; visibility: Visibility },
): Promise<readonly (Receipt & { readonly runId: string })[]> {
  if (runIds.length === 0) return [];
  const columns = { clusterId: 'alert.cluster_id', environment: 'alert.environment' };
  const rows = await db
    .selectFrom('hidden_by_run')
    .leftJoin('alert', (join) =>
      join.onRef('alert.open_fingerprint', '=', 'hidden_by_run.fingerprint').on('alert.signal_state', '!=', 'RESOLVED'),
    )
    .select((row) => [
      'hidden_by_run.run_id',
      'hidden_by_run.cleared_at',
      'alert.id',
      'alert.number',
      row.case().when(isVisible(visibility, columns)).then(1).else(0).end().as('is_visible'),
      row
        .case()
        .when('hidden_by_run.covered_at', '>', databaseNowPlus(-lastLooksMs))
        .then(1)
        .else(0)
        .end()
        .as('is_covered'),
    ])
    .where('hidden_by_run.run_id', 'in', runIds)
    .orderBy('alert.number')
    .execute();
  return [...Map.groupBy(rows, ({ run_id }) => run_id)].map(([runId, own]) => ({ runId, ...receiptOf(own) }));
}

type Row = {
  readonly cleared_at: Date | null;
  readonly id: string | null;
  readonly number: number | null;
  readonly is_visible: number;
  readonly is_covered: number;
};

function receiptOf(rows: readonly Row[]): Receipt {
  const open = rows.flatMap(({ id, number, is_visible }) =>
    id === null || number === null ? [] : [{ id, number, isVisible: is_visible === 1 }],
  );
  const others = rows.filter(({ number }) => number === null);
  const cleared = others.filter(({ cleared_at }) => cleared_at !== null).length;
  const stillHidden = others.filter((row) => row.cleared_at === null && row.is_covered === 1).length;
  return {
    hidden: rows.length,
    cleared,
    open: open.filter((each) => each.isVisible).map(({ id, number }) => ({ id, number })),
    openUnseen: open.filter((each) => !each.isVisible).length,
    stillHidden,
    unknown: others.length - cleared - stillHidden,
  };
}

/** The same of one run; null = it hid nothing. */
export async function readReceipt(
  db: Reader,
  { runId, visibility }: { runId: string; visibility: Visibility },
): Promise<Receipt | null> {
  const [found] = await receiptsOfRuns(db, { runIds: [runId], visibility });
  if (found === undefined) return null;
  const { runId: _, ...receipt } = found;
  return receipt;
}
