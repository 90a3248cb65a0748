import { randomBytes } from 'node:crypto';
import { parseSnapshots } from '../../../adapters/starrocks/parse.ts';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showSnapshot } from '../../../adapters/starrocks/statements.ts';
import type { SnapshotRow } from '../../../domain/topology.ts';

/**
 * `sales_20261120_134501_123_8f3a`: letters, digits and underscores only, 64 characters at most. StarRocks checks nothing
 * in such a name, so that it is made here.
 */
export function nameSnapshot(about: string, now: Date): string {
  const time = now.toISOString().replace(/[-:Z]/g, '').replace(/[T.]/g, '_');
  const start = about.replace(/\W/g, '_').replace(/^[^a-zA-Z]/, 'd');
  return `${start.slice(0, 39)}_${time}_${randomBytes(2).toString('hex')}`;
}

/** A free name answers a row without timestamp and with this status; any other status means that the name is used. */
export function isUnused(row: SnapshotRow | null): boolean {
  return (
    row === null || (row.timestamps.length === 0 && /no snapshot/i.test(row.status) && !/^invalid/i.test(row.status))
  );
}

/**
 * True when the repository can read the snapshot. Any other status (`Failed to get info: …`) leaves a doubt, and a backup
 * in doubt does not count.
 */
export function isWhole({ status }: SnapshotRow): boolean {
  return /^OK$/i.test(status);
}

export async function findSnapshot(
  sql: SqlReader,
  name: { repository: string; snapshot: string },
  signal: AbortSignal,
): Promise<SnapshotRow | null> {
  // Listing a bucket may take long.
  const rows = parseSnapshots(await sql.query(showSnapshot(name), { signal, timeoutMs: 60_000 }));
  return rows.find((row) => row.snapshot === name.snapshot) ?? null;
}
