import { expect } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { type FaultLab, startFaultLab } from '../backup/fault-lab.ts';

/** What docs/restore.md asks for beside the rights of backups. */
const rights = [
  'CREATE DATABASE ON CATALOG default_catalog',
  'CREATE TABLE, DROP ON ALL DATABASES',
  'INSERT, ALTER, DROP ON ALL TABLES IN ALL DATABASES',
];

/** The lab of backups, in which Starwarden may restore. */
export async function startLab(options: Parameters<typeof startFaultLab>[0]): Promise<FaultLab> {
  const lab = await startFaultLab(options);
  for (const right of rights) await lab.world.sql.query(`GRANT ${right} TO USER 'starwarden'@'%'`);
  return lab;
}

/** `shop` with a full backup that has a table `gone`, and an incremental one that has new rows and a new partition of `orders`. */
export async function startRestoreLab() {
  const lab = await startLab({ speed: 500 });
  const { sql } = lab.world;
  await sql.query(`CREATE TABLE shop.gone (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)
BUCKETS 1 PROPERTIES ("replication_num" = "1")`);
  await lab.fire('weekly');
  await sql.query("INSERT INTO shop.orders VALUES (3, '2025-02-09', 'Oslo')");
  await sql.query('ALTER TABLE shop.orders ADD PARTITION p202504 VALUES LESS THAN ("2025-05-01")');
  await sql.query("INSERT INTO shop.orders VALUES (4, '2025-04-09', NULL)");
  await sql.query('DROP TABLE shop.gone FORCE');
  await lab.fire('daily');
  const at = new Date().toISOString();
  const databases = async () => (await sql.query('SHOW DATABASES')).map((row) => String(Object.values(row)[0]));
  const jobOf = (target: string) => async () =>
    (await sql.query(`SHOW RESTORE FROM ${target}`).catch(() => []))[0]?.State ?? null;
  return {
    lab,
    /** A moment after the last backup. */
    at,
    restore: (rest: Record<string, unknown> = {}) =>
      lab.ask('restoreTables', { clusterId: lab.clusterId, database: 'shop', tables: ['orders'], ...rest }),
    rows: (table: string) => sql.query(`SELECT * FROM ${table} ORDER BY id`),
    /** The databases that restores made. */
    copies: async () => (await databases()).filter((name) => name.includes('__r') || name.startsWith('copy')),
    /** How many statements of Starwarden began so. */
    sent: (start: string) =>
      lab.world.cluster.statements().filter(({ user, text }) => user === 'starwarden' && text.trim().startsWith(start))
        .length,
    stepOf: async (run: Pick<Run, 'id'>, kind: string) =>
      (await listSteps(lab.engine.ctx.db, run.id)).find((step) => step.kind === kind),
    /** Waits until the job of StarRocks is in this state. */
    comesTo: (target: string, state: string) => expect.poll(jobOf(target), { timeout: 15_000 }).toBe(state),
    calm: () => {
      lab.world.cluster.setFaults([]);
      lab.world.s3.faults.clear();
    },
  };
}

export const failed = (code: string, message: RegExp) => ({
  ...{ state: 'FAILED', failure: { code, message: expect.stringMatching(message) } },
});
