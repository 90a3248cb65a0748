import { momentInWords } from '../domain/backup/periods.ts';
import { findRecoveryPoints } from '../domain/backup/recovery-point.ts';
import type { BackupWatch } from '../domain/backup/watch.ts';

/** What one can go back to, as a sentence. */
export function goBackTo(database: string, { backups, now }: Pick<BackupWatch, 'backups' | 'now'>): string {
  const own = backups.filter((backup) => backup.database === database);
  const [point] = findRecoveryPoints({ databases: null, backups: own, policies: [], now });
  return point?.at == null
    ? `There is no verified backup of ${database} to go back to.`
    : `${database} can be brought back to ${momentInWords(point.at.getTime())}.`;
}
