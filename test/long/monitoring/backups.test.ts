import { startBackupSite } from './backup-site.ts';
import { backups } from './breakages/backups.ts';
import { tryInTurn } from './try-rules.ts';

tryInTurn({ start: startBackupSite, breakages: backups });
