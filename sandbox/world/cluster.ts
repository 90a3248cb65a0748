import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../patience.ts';
import { lastOutput, startNode } from './nodes.ts';
import type { NodeKind, PlannedNode, WorldPlan } from './plan.ts';
import { connectSqlWhenUp, type Row, type Sql } from './sql.ts';

type Forming = { readonly plan: WorldPlan; readonly signal?: AbortSignal | undefined };

/**
 * Makes one cluster of prepared machines: the first frontend alone, then the others through it, as the manual of StarRocks
 * has it. Returns root's connection to the first frontend when every node is alive.
 */
export async function formCluster({ plan, signal }: Forming): Promise<Sql> {
  const frontends = nodesOf(plan, 'fe');
  const [first, ...followers] = frontends;
  if (first === undefined) throw new Error('a cluster needs a frontend');
  const [sql] = await Promise.all([
    startFirstFrontend(first, { plan, signal }),
    ...[...nodesOf(plan, 'be'), ...nodesOf(plan, 'cn')].map((node) => startNode({ node, plan, signal })),
  ]);
  await addNodes(sql, plan, followers);
  const helper = `${first.address}:${first.ports.editLog}`;
  await Promise.all(followers.map((node) => startNode({ node, plan, args: ['--helper', helper], signal })));
  await waitUntilAlive(sql, { plan, signal });
  return sql;
}

async function startFirstFrontend(node: PlannedNode, { plan, signal }: Forming): Promise<Sql> {
  await startNode({ node, plan, signal });
  const target = { host: node.address, port: node.ports.query, user: 'root', password: '' };
  return connectSqlWhenUp(target, { timeoutMs: patienceMs, signal }).catch((cause) => {
    signal?.throwIfAborted();
    throw new Error(`${node.name} does not answer on ${target.host}:${target.port}: ${lastOutput(node)}`, { cause });
  });
}

async function addNodes(sql: Sql, plan: WorldPlan, followers: readonly PlannedNode[]): Promise<void> {
  for (const node of followers) {
    const role = node.isObserver === true ? 'OBSERVER' : 'FOLLOWER';
    await sql.query(`ALTER SYSTEM ADD ${role} "${node.address}:${node.ports.editLog}"`);
  }
  const list = (kind: NodeKind) =>
    nodesOf(plan, kind)
      .map((node) => `"${addressOf(node)}"`)
      .join(', ');
  if (list('be') !== '') await sql.query(`ALTER SYSTEM ADD BACKEND ${list('be')}`);
  for (const node of nodesOf(plan, 'be')) {
    if (node.location === undefined) continue;
    await sql.query(`ALTER SYSTEM MODIFY BACKEND "${addressOf(node)}" SET ("labels.location" = "${node.location}")`);
  }
  if (list('cn') !== '') await sql.query(`ALTER SYSTEM ADD COMPUTE NODE ${list('cn')}`);
}

function addressOf({ address, ports }: PlannedNode): string {
  return `${address}:${ports.heartbeat}`;
}

/** A real heartbeat is due every 5 s, so at speed 1 this takes at least one of them. */
async function waitUntilAlive(sql: Sql, { plan, signal }: Forming): Promise<void> {
  const timeoutMs = patienceMs + 40_000 / plan.speed;
  const pauseMs = Math.min(500, Math.max(100, 2_000 / plan.speed));
  for (const deadline = Date.now() + timeoutMs; ; await sleep(pauseMs, undefined, { signal })) {
    const rows = await readNodes(sql);
    const dead = plan.nodes.filter((node) => !rows.some((row) => isRowOf(row, node) && row.Alive === 'true'));
    if (dead.length === 0) return;
    if (Date.now() < deadline) continue;
    const reasons = dead.map((node) => `${node.name} (${lastOutput(node)})`);
    throw new Error(`not alive after ${Math.round(timeoutMs / 1000)} s: ${reasons.join('; ')}`);
  }
}

function isRowOf(row: Row, { kind, address, ports }: PlannedNode): boolean {
  if (row.IP !== address) return false;
  return kind === 'fe' ? row.EditLogPort === String(ports.editLog) : row.HeartbeatPort === String(ports.heartbeat);
}

async function readNodes(sql: Sql): Promise<Row[]> {
  const lists = await Promise.all(['FRONTENDS', 'BACKENDS', 'COMPUTE NODES'].map((what) => sql.query(`SHOW ${what}`)));
  return lists.flat();
}

function nodesOf(plan: WorldPlan, kind: NodeKind): PlannedNode[] {
  return plan.nodes.filter((node) => node.kind === kind);
}
