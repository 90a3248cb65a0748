import type { AdminStatement } from './ast.ts';
import type { Cursor } from './cursor.ts';

/** The volume that ON without a name means. */
const builtInVolume = 'builtin_storage_volume';

/** What follows ADMIN SET AUTOMATED: an interval, as later versions have it, is a mistake of syntax here. */
export function parseAutomatedSnapshot(cursor: Cursor): AdminStatement {
  cursor.expect('CLUSTER', 'SNAPSHOT');
  if (cursor.expectOne('ON', 'OFF') === 'OFF') return { kind: 'setAutomatedSnapshot', volume: null };
  const volume = cursor.accept('STORAGE', 'VOLUME') ? cursor.identifierOrString() : builtInVolume;
  return { kind: 'setAutomatedSnapshot', volume };
}
