import type { Disk } from '../../domain/tablets/disk.ts';
import { absent, bytes, percent, whole } from './cells.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { showProc } from './statements.ts';

/** The disks of a backend, by its BackendId; only the leader knows their media. None for a backend that was never seen. */
export async function readDisks(sql: SqlReader, backendId: string, call: SqlCall = {}): Promise<readonly Disk[]> {
  const rows = await sql.query(showProc(`/backends/${backendId}`), { ...call, route: 'leader' });
  return rows.map((row) => ({
    path: row.RootPath ?? '',
    medium: absent(row.StorageMedium),
    state: row.State ?? 'unknown',
    usedBytes: bytes(row.DataUsedCapacity),
    availableBytes: bytes(row.AvailCapacity),
    totalBytes: bytes(row.TotalCapacity),
    usedPercent: percent(row.TotalUsedPct),
    tabletCount: whole(row.TabletNum),
  }));
}
