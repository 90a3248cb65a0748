import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { killNode, startNode } from '../../sandbox/world/nodes.ts';
import type { PlannedNode } from '../../sandbox/world/plan.ts';
import { startReaper } from '../../sandbox/world/reaper.ts';
import { repository } from '../../sandbox/world/seed.ts';
import { connectSqlWhenUp, type Row } from '../../sandbox/world/sql.ts';
import { type StandInCluster, startStandInCluster } from '../../sandbox/world/stand-in-cluster.ts';
import { type DatabaseSize, writeLargeDatabase } from './large-database.ts';

const limitMs = 60_000;
const line = z.object({ user: z.string(), text: z.string() });

type Query = (text: string) => Promise<readonly Row[]>;

/** A cluster with one large database, of which there is a full backup. */
export type PlanWorld = {
  readonly database: string;
  readonly repository: string;
  /** When the full backup was finished. */
  readonly fullBackupAt: Date;
  readonly address: { readonly host: string; readonly port: number };
  readonly login: { readonly user: string; readonly password: string };
  asRoot<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** How many statements the frontend got from this user while `work` went on, counted by the frontend. */
  countStatements<T>(user: string, work: () => Promise<T>): Promise<{ statements: number; value: T }>;
};

/** Starts a cluster of one frontend and one backend; what it takes to end it is put on `undo`. */
export async function startPlanWorld(
  { dir, ...size }: DatabaseSize & { readonly dir: string },
  undo: AsyncDisposableStack,
): Promise<PlanWorld> {
  const reaper = startReaper(dir, { removeDir: false });
  undo.defer(() => reaper.finish());
  // starrocks-br needs 3.5, and makes tables without saying how many replicas they have.
  const conf = { fe: { default_replication_num: 1 } };
  const cluster = await startStandInCluster({ dir, version: '3.5.0', speed: 2, frontends: 1, backends: 1, conf }, undo);
  const frontend = cluster.plan.nodes.find(({ kind }) => kind === 'fe');
  if (frontend === undefined) throw new Error('the world has no frontend');
  const fullBackupAt = new Date(Math.floor(Date.now() / 1_000 - 86_400) * 1_000);
  const database = 'warehouse';
  await restartWith(cluster, frontend, () =>
    writeLargeDatabase(join(frontend.dataDir, 'meta'), { ...size, database, fullBackupAt }),
  );
  const { plan } = cluster;
  return {
    database,
    repository,
    fullBackupAt,
    address: { host: frontend.address, port: plan.ports.query },
    login: { user: cluster.sqlUser, password: cluster.sqlPassword },
    asRoot: (work) => asRoot(cluster, frontend, work),
    countStatements: async (user, work) => {
      const before = statementsOf(plan.files.statements, user);
      const value = await work();
      return { statements: statementsOf(plan.files.statements, user) - before, value };
    },
  };
}

async function restartWith({ plan }: StandInCluster, node: PlannedNode, change: () => void): Promise<void> {
  await killNode(node);
  await rm(join(node.deployDir, 'bin', 'fe.pid'), { force: true }); // somebody may have that number later
  change();
  await startNode({ node, plan });
  await asRoot({ plan }, node, async (query) => {
    for (const deadline = Date.now() + limitMs; ; await sleep(100)) {
      const backends = await query('SHOW BACKENDS');
      if (backends.every(({ Alive }) => Alive === 'true')) return;
      if (Date.now() > deadline) throw new Error('the backend did not come back');
    }
  });
}

async function asRoot<T>(
  { plan }: Pick<StandInCluster, 'plan'>,
  node: PlannedNode,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const target = { host: node.address, port: plan.ports.query, user: 'root', password: '' };
  const sql = await connectSqlWhenUp(target, { timeoutMs: limitMs });
  try {
    return await work(sql.query);
  } finally {
    sql.close();
  }
}

function statementsOf(file: string, user: string): number {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((text) => text !== '');
  return lines.filter((text) => line.parse(JSON.parse(text)).user === user).length;
}

/** What starrocks-br is to know: that all tables of the database belong together, and the full backup that there is. */
export function inventoryRows({ database, repository, fullBackupAt }: PlanWorld): string[] {
  const at = `'${localTime(fullBackupAt)}'`;
  return [
    `INSERT INTO ops.table_inventory VALUES ('all', '${database}', '*', ${at}, ${at})`,
    `INSERT INTO ops.backup_history VALUES
  ('${database}_full', 'full', 'FINISHED', '${repository}', ${at}, ${at}, NULL, ${at})`,
  ];
}

/** As the frontend writes a time: in the zone of this machine, which the stand-in has too. */
function localTime(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}
