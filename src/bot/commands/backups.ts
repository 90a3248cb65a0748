import { canSomewhere } from '../../domain/access.ts';
import { lookAtRecovery } from '../../runs/look-at-backups.ts';
import { readBackupWatch } from '../../store/reads/backup-watch.ts';
import { countBackups, listBackups, verificationsOfBackups } from '../../store/reads/backups.ts';
import type { BotCommand } from '../bot.ts';
import { findClusterByWord, readableBy } from '../resolve.ts';
import { backupOverview, shownDays } from '../views/backups.ts';
import { notice } from '../views/notices.ts';
import { code } from '../views/text.ts';

/** So many of two weeks are looked at; the others are counted. */
const most = 2_000;

export const backups: BotCommand = {
  spec: {
    verb: 'backups',
    positional: [
      { name: 'cluster', kind: 'word', isOptional: false },
      { name: 'database', kind: 'word', isOptional: true },
    ],
    flags: [],
  },
  summary: 'Show the backups of a cluster: how far each database can go back, the last two weeks, what comes next.',
  examples: ['backups prod-eu', 'backups prod-eu sales'],
  waiting: 'Looking at the backups…',
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, engine, now }, { actor, command }) {
    const cluster = await findClusterByWord(db, actor, command.words.get('cluster')?.[0] ?? '', { exact: false });
    const database = command.words.get('database')?.[0];
    const watch = await readBackupWatch(db, cluster.id);
    const policies = watch?.policies ?? [];
    const points = (await lookAtRecovery(engine, { clusterId: cluster.id, policies })).filter(
      (point) => database === undefined || point.database === database,
    );
    if (database !== undefined && points.length === 0)
      return notice(`${code(cluster.name)} has no database ${code(database)}, and no backup of one.`);
    const since = new Date(now().getTime() - shownDays * 86_400_000);
    const which = { visibility: readableBy(actor), filter: { clusterId: cluster.id, database, since } };
    const found = await listBackups(db, { ...which, page: { limit: most, after: null } });
    const ids = found.map(({ id }) => id);
    const checks = Map.groupBy(
      ids.length === 0 ? [] : await verificationsOfBackups(db, ids),
      (check) => check.backupId,
    );
    return backupOverview({
      ...{ clusterName: cluster.name, now: now(), points, policies, parts: watch?.parts ?? [] },
      backups: found.map((backup) => ({ ...backup, checks: checks.get(backup.id) ?? [] })),
      leftOut: found.length < most ? 0 : (await countBackups(db, which)) - found.length,
    });
  },
};
