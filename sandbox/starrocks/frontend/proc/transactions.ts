import { type RowSet, textRows } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import type { FrontendContext } from '../context.ts';
import { runningTransactions } from '../transactions.ts';
import { transactionColumns } from './quiet-paths.ts';

/** `/transactions/<DbId>/running` without its first slash; null for every other path. The newest first. */
export function transactionRows(fe: FrontendContext, path: string): RowSet | null {
  const [, id] = /^transactions\/(\d+)\/running$/.exec(path) ?? [];
  const db = id === undefined ? undefined : fe.group.state.databases.get(id);
  if (db === undefined) return null;
  const rows = runningTransactions(fe, db).map((one) => [
    ...[String(one.id), one.label, `FE: ${fe.self.host}`, 'PREPARE', 'INSERT_STREAMING', formatTime(one.startedAt)],
    ...['', '', '', '', '0', '-1', '14400000', ''],
  ]);
  return textRows(transactionColumns.split(' '), rows.toReversed());
}
