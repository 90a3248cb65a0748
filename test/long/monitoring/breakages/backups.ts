import type { BackupSite } from '../backup-site.ts';
import type { Breakage } from '../breakage.ts';

/*
 * Backups by policy that fail, are missed, shrink, are damaged or do not come at all, one after the other. One clock is told to
 * StarRocks, to the database and to Starwarden, and moves from breakage to breakage.
 */

const ofShop = { policy: 'standard', database: 'shop' };
const hourMs = 3_600_000;

export const backups = {
  backup_failed: {
    broken: 'the object store refuses what a backend uploads',
    told: () => ({
      ...{ severity: 'HIGH', labels: ofShop, title: /The last backup of shop failed/ },
      words: /The weekly backup of shop by policy standard is broken since .*Look at its run/s,
    }),
    // There is a good one from before.
    prepares: async (site) => site.fire('weekly', 'SUCCEEDED'),
    breaks: async (site) => {
      site.world.s3.faults.add({ kind: 'internal-error', match: '^PUT ' });
      await site.fire('weekly', 'FAILED');
      return async () => {
        site.world.s3.faults.clear();
        await site.fire('weekly', 'SUCCEEDED');
      };
    },
  },
  backup_verification_failed: {
    broken: 'somebody deletes an object of the newest backup from the bucket',
    told: () => ({
      ...{ severity: 'HIGH', labels: ofShop, title: /A backup of shop is not whole/ },
      words:
        /The verification L1 of the backup \S+ of shop by policy standard failed since .*It does not count any more/s,
    }),
    breaks: async (site) => {
      const [newest] = await site.newest();
      const objects = await site.world.objects(`${site.world.root}/__ss_${newest?.snapshot}/`);
      const data = objects.find(({ key }) => !/__(info|meta)/.test(key));
      if (newest === undefined || data === undefined) throw new Error('there is no object of data');
      await site.world.s3.inside.remove(site.bucket, data.key);
      await site.operate('verifyBackup', { clusterId: site.clusterId, backupId: newest.id, level: 'L1' });
      return () => site.fire('weekly', 'SUCCEEDED');
    },
  },
  backup_shrunk: {
    broken: 'a table is dropped before the next full backup',
    told: () => ({
      ...{ severity: 'MEDIUM', labels: ofShop, title: /The full backup of shop has shrunk/ },
      words: /smaller than the one before by more than 30 % since .*1 table where 2 were/s,
    }),
    breaks: async (site) => {
      await site.world.sql.query('DROP TABLE shop.users');
      await site.fire('weekly', 'SUCCEEDED');
      return () => site.fire('weekly', 'SUCCEEDED');
    },
  },
  repository_unhealthy: {
    broken: 'the object store of the repository goes away',
    told: () => ({
      ...{ severity: 'HIGH', labels: { repository: 'vault' }, title: /The repository vault is not usable/ },
      words:
        /(StarRocks cannot use the repository vault|Starwarden itself cannot list and read the store of vault) since /,
    }),
    breaks: async ({ world }) => {
      await world.s3.unplug();
      return () => world.s3.plug();
    },
  },
  backup_missed: {
    broken: 'Starwarden schedules nothing when a tier of a policy is due',
    told: () => ({
      ...{
        severity: 'MEDIUM',
        labels: { policy: 'standard', tier: 'weekly' },
        title: /The weekly backup by policy standard was missed/,
      },
      words:
        /The weekly backup by policy standard was due at .* and did not run; missed since .*No process of Starwarden has begun it/s,
    }),
    also: ['backup_too_old', 'backup_missed'],
    breaks: async (site) => {
      const due = await site.nextDue('weekly');
      const startWorker = await site.endWorker();
      site.clock.moveTo(new Date(due.getTime() + hourMs));
      return async () => {
        startWorker();
        await site.fire('weekly', 'SUCCEEDED');
      };
    },
  },
  backup_too_old: {
    broken: 'no backup is taken for longer than the policy promises',
    told: () => ({
      ...{ severity: 'HIGH', labels: ofShop, title: /The backup of shop is too old/ },
      words:
        /older than the 12 hours that policy standard promises since .*Whatever was written after that moment cannot be brought back/s,
    }),
    breaks: async (site) => {
      site.clock.moveTo(new Date(site.clock.now().getTime() + 13 * hourMs));
      return () => site.fire('weekly', 'SUCCEEDED');
    },
  },
} as const satisfies Record<string, Breakage<BackupSite>>;
