import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createStarRocks } from '../../src/adapters/starrocks/mysql2.ts';
import { readDatabaseState } from '../../src/adapters/starrocks/read-database-state.ts';
import { changesSince } from '../../src/domain/backup/changes.ts';
import type { DatabaseState } from '../../src/domain/backup/content.ts';
import { planRetention } from '../../src/domain/backup/retention.ts';
import { findUsable, momentOf } from '../../src/domain/backup/usable.ts';
import { listCatalogued } from '../../src/store/backups/catalogued.ts';
import { readContent } from '../../src/store/backups/content.ts';
import { findPolicy } from '../../src/store/backups/policy-rows.ts';
import { openDatabase } from '../../src/store/database.ts';

/*
 * Plans an incremental backup of a database and the retention of its whole policy, in a process that does nothing else, and
 * ends with one JSON object.
 */

const givenShape = z.object({
  databaseUrl: z.string(),
  frontend: z.object({ host: z.string(), port: z.number() }),
  login: z.object({ user: z.string(), password: z.string() }),
  clusterId: z.string(),
  policyId: z.string(),
  origin: z.string(),
  database: z.string(),
  databases: z.array(z.string()),
});
export type PlanOrder = z.infer<typeof givenShape>;

const [file] = process.argv.slice(2);
if (file === undefined) process.exit();
const given = givenShape.parse(JSON.parse(readFileSync(file, 'utf8')));
const db = openDatabase({ url: given.databaseUrl, poolSize: 2 });
const starrocks = createStarRocks();
const sql = starrocks.connect({
  frontends: [given.frontend],
  user: given.login.user,
  password: async () => given.login.password,
  tls: null,
});

const startedAt = performance.now();
const startedCpu = process.cpuUsage();
const backups = await listCatalogued(db, { clusterId: given.clusterId });
const partitions = await planIncremental();
const incrementalSeconds = secondsSince(startedAt);
const { user, system } = process.cpuUsage(startedCpu);
const policy = await findPolicy(db, given.policyId);
if (policy === null) throw new Error('there is no such policy');
const retention = planRetention({
  policy,
  backups,
  origin: given.origin,
  databases: new Set(given.databases),
  whyUnreachable: () => null,
  now: new Date(),
});
const seconds = secondsSince(startedAt);
await Promise.all([starrocks.close(), db.destroy()]);
console.log(
  JSON.stringify({
    seconds,
    incrementalSeconds,
    cpuSeconds: (user + system) / 1_000_000,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    partitions,
    deleted: retention.delete.length,
    kept: retention.keep.length,
  }),
);

async function planIncremental(): Promise<readonly (readonly [string, string])[]> {
  const usable = findUsable(backups);
  const [base] = backups
    .filter(({ id, kind, database }) => kind === 'FULL' && database === given.database && usable.has(id))
    .toSorted((a, b) => momentOf(b) - momentOf(a));
  const content = base === undefined ? null : await readContent(db, base.id);
  if (content === null) throw new Error('there is no full backup of which it is known what it holds');
  const { state } = await readDatabaseState(sql, given.database);
  return changesSince(content, state).flatMap(({ object }) =>
    (object.partitions ?? partitionsOf(state, object.name)).map((partition) => [object.name, partition] as const),
  );
}

function partitionsOf({ tables }: DatabaseState, name: string): readonly string[] {
  return tables.find((table) => table.name === name)?.partitions.map((partition) => partition.name) ?? [];
}

function secondsSince(from: number): number {
  return (performance.now() - from) / 1_000;
}
