import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { readFrontendValues, setFrontendValue } from '../../../src/adapters/starrocks/frontend-config.ts';
import { readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import type { ObservedNode } from '../../../src/domain/cluster.ts';
import { isTerminal, type Run, type RunState, type RunStep } from '../../../src/domain/run.ts';
import { countUnhealthy } from '../../../src/operations/node/steps/await-tablets.ts';
import { databaseNowPlus } from '../../../src/store/database.ts';
import { eventsOfRuns } from '../../../src/store/reads/run-parts.ts';
import { listSteps, listTemporaryChanges, readRun } from '../../../src/store/runs/runs.ts';
import { admin } from '../../helpers/engine.ts';
import type { UpgradeLab } from '../../helpers/upgrades.ts';
import { logLines } from '../../helpers/world.ts';

/*
 * What the tests of interrupted upgrades look at: the cluster as it is in the end, what every host was told, and what
 * Starwarden's own tables say is still open.
 */

/** What StarRocks sets the four values of tablet scheduling to. */
export const usualScheduling = {
  tablet_sched_disable_balance: 'false',
  tablet_sched_disable_colocate_balance: 'false',
  tablet_sched_max_balancing_tablets: '500',
  tablet_sched_max_scheduling_tablets: '10000',
};
export const pausedScheduling = {
  tablet_sched_disable_balance: 'true',
  tablet_sched_disable_colocate_balance: 'true',
  tablet_sched_max_balancing_tablets: '0',
  tablet_sched_max_scheduling_tablets: '0',
};

/** So long that a busy machine does not lose it; where a worker is killed, `letLeaseEnd` does what its time would do. */
export const slowLease = { STARWARDEN_LEASE_MS: '10000' };

export const requestOf = (runId: string) => ({ runId, actor: admin });

/** The four values of each living frontend, by its name. */
export async function schedulingOf(lab: UpgradeLab): Promise<Record<string, Record<string, string>>> {
  const sql = lab.engine.ctx.connections.portsFor(lab.clusterId).sql;
  const { frontends } = await readTopology(sql);
  const entries = await Promise.all(
    frontends
      .filter((frontend) => frontend.alive)
      .map(async ({ host, queryPort }) => {
        const all = await readFrontendValues(sql, 'tablet_sched_%', { route: { host, port: queryPort } });
        const ours = Object.entries(all).filter(([key]) => key in usualScheduling);
        return [nameOf(lab, host), Object.fromEntries(ours)] as const;
      }),
  );
  return Object.fromEntries(entries);
}

/** As an operator would by hand, on one frontend. */
export async function setScheduling(lab: UpgradeLab, frontend: string, key: string, value: string): Promise<void> {
  const sql = lab.engine.ctx.connections.portsFor(lab.clusterId).sql;
  const found = (await readTopology(sql)).frontends.find(({ host }) => nameOf(lab, host) === frontend);
  if (found === undefined) throw new Error(`no frontend ${frontend}`);
  await setFrontendValue(sql, { key, value }, { route: { host: found.host, port: found.queryPort } });
}

export async function nodesOf(lab: UpgradeLab): Promise<readonly ObservedNode[]> {
  return toObservedNodes(await readTopology(lab.engine.ctx.connections.portsFor(lab.clusterId).sql));
}

/** The name of the frontend that leads now. */
export async function leaderOf(lab: UpgradeLab): Promise<string> {
  const leader = (await nodesOf(lab)).find((node) => node.role === 'LEADER' && node.alive);
  if (leader === undefined) throw new Error('there is no leader');
  return nameOf(lab, leader.host);
}

/** Everything that must be in order when a run has ended, as one value to compare. */
export async function endState(lab: UpgradeLab) {
  const { db } = lab.engine.ctx;
  const sql = lab.engine.ctx.connections.portsFor(lab.clusterId).sql;
  const nodes = await nodesOf(lab);
  const locks = await db.selectFrom('cluster_lock').selectAll().execute();
  const open = await db.selectFrom('temporary_change').selectAll().where('state', '=', 'OPEN').execute();
  return {
    versions: await lab.versions(),
    leaders: nodes.filter((node) => node.role === 'LEADER' && node.alive).length,
    unhealthyTablets: await countUnhealthy(sql, AbortSignal.timeout(10_000)),
    scheduling: await schedulingOf(lab),
    locks: locks.length,
    openChanges: open.length,
  };
}

/** The end that every run must come to, but for the version of each node. */
export function wholeCluster(lab: UpgradeLab, versions: string | Record<string, string>, scheduling = usualScheduling) {
  const names = lab.world.describe().hosts.map((host) => host.name);
  const frontends = names.filter((name) => name.startsWith('fe'));
  return {
    versions:
      typeof versions === 'string'
        ? Object.fromEntries(names.map((name) => [name, versions]))
        : expect.objectContaining(versions),
    leaders: 1,
    unhealthyTablets: 0,
    scheduling: Object.fromEntries(frontends.map((name) => [name, scheduling])),
    locks: 0,
    openChanges: 0,
  };
}

export async function commandsSoFar(lab: UpgradeLab): Promise<number> {
  return (await logLines(lab.world.describe().logs.commands)).length;
}

/** What the hosts were told since, in order, as far as it changes a node: `stop`, `swap`, `back`, `start`. */
export async function movesSince(lab: UpgradeLab, from: number): Promise<Record<string, string[]>> {
  const moves: Record<string, string[]> = {};
  for (const { host, command } of await logLines(lab.world.describe().logs.commands, from)) {
    const move = moveIn(String(command));
    if (move === null) continue;
    const name = String(host);
    moves[name] = [...(moves[name] ?? []), move];
  }
  return moves;
}

/** How a script that changes a node is recognized in a host's log. */
export const scripts = {
  stop: /\/bin\/stop_(?:fe|be|cn)\.sh/,
  start: /\/bin\/start_(?:fe|be|cn)\.sh\S* --daemon/,
  swap: /\$id is in place/,
  back: /\$\{old##\*\/\} is in place/,
  unpack: /\$id is staged already/,
};

function moveIn(command: string): 'stop' | 'swap' | 'back' | 'start' | null {
  if (scripts.back.test(command)) return 'back';
  if (scripts.swap.test(command)) return 'swap';
  if (scripts.start.test(command)) return 'start';
  return scripts.stop.test(command) ? 'stop' : null;
}

/** Which directories of ours are left at the nodes: `be1/kept`, `fe1/staged`. */
export async function leftOnDisk(lab: UpgradeLab): Promise<string[]> {
  const left: string[] = [];
  for (const { name, deployDirs } of lab.world.describe().hosts) {
    const dir = deployDirs.be ?? deployDirs.cn ?? deployDirs.fe ?? '';
    for (const sort of ['archives', 'staged', 'kept']) {
      const entries = await readdir(join(dir, 'starwarden', sort)).catch(() => []);
      if (entries.length > 0) left.push(`${name}/${sort}`);
    }
  }
  return left.toSorted();
}

/** Waits until the run is in one of these states, or has ended. */
export async function untilState(
  lab: UpgradeLab,
  runId: string,
  { states = [], limitMs = 90_000 }: { states?: readonly RunState[]; limitMs?: number } = {},
): Promise<Run> {
  for (const until = Date.now() + limitMs; ; await sleep(50)) {
    const run = await readRun(lab.engine.ctx.db, runId);
    if (isTerminal(run.state) || states.includes(run.state)) return run;
    if (Date.now() > until) throw new Error(`run is still ${run.state}: ${await story(lab, runId)}`);
  }
}

/** Waits for a step that a condition is true of. */
export async function untilStep(
  lab: UpgradeLab,
  runId: string,
  condition: (step: RunStep) => boolean,
): Promise<RunStep> {
  for (const until = Date.now() + 60_000; ; await sleep(20)) {
    const step = (await listSteps(lab.engine.ctx.db, runId)).find(condition);
    if (step !== undefined) return step;
    if (Date.now() > until) throw new Error(`no such step: ${await story(lab, runId)}`);
  }
}

export const changesOf = async (lab: UpgradeLab, runId: string) =>
  (await listTemporaryChanges(lab.engine.ctx.db, runId)).map((change) => change.state);

/** An hour goes by for the run: everything it has written down happened an hour earlier. */
export async function letAnHourPass(lab: UpgradeLab, runId: string): Promise<void> {
  const { db } = lab.engine.ctx;
  const hourMs = 3_600_000;
  const steps = await db.selectFrom('run_step').selectAll().where('run_id', '=', runId).execute();
  const earlier = (at: Date | null) => (at === null ? null : new Date(at.getTime() - hourMs));
  for (const step of steps) {
    await db
      .updateTable('run_step')
      .set({
        started_at: earlier(step.started_at),
        applied_at: earlier(step.applied_at),
        finished_at: earlier(step.finished_at),
      })
      .where('run_id', '=', runId)
      .where('position', '=', step.position)
      .execute();
  }
  const run = await readRun(db, runId);
  await db
    .updateTable('run')
    .set({
      created_at: new Date(run.createdAt.getTime() - hourMs),
      started_at: earlier(run.startedAt),
      due_at: databaseNowPlus(0),
    })
    .where('id', '=', runId)
    .execute();
}

/** What the run says of itself, for whoever has to find out why a test failed. */
export async function story(lab: UpgradeLab, runId: string): Promise<string> {
  const run = await readRun(lab.engine.ctx.db, runId);
  const steps = await listSteps(lab.engine.ctx.db, runId);
  const events = await eventsOfRuns(lab.engine.ctx.db, { runIds: [runId], afterSequence: 0, limit: 1_000 });
  return [
    `${run.operation} ${run.state} ${JSON.stringify(run.failure)} ${JSON.stringify(run.progress)}`,
    ...steps.map(
      (step) =>
        `${step.phase} ${step.lane?.name ?? '-'} ${step.kind} ${step.state} x${step.attempt} ${step.failure?.message ?? ''}`,
    ),
    ...events.slice(-15).map((event) => `${event.at.toISOString()} ${event.type} ${event.step ?? ''} ${event.message}`),
  ].join('\n');
}

export function nameOf(lab: UpgradeLab, address: string): string {
  return lab.world.describe().hosts.find((host) => host.address === address)?.name ?? address;
}

/** `be be1's address:9050` is how a lane is called: the name of its node. */
export function laneNode(lab: UpgradeLab, step: Pick<RunStep, 'lane'>): string {
  return nameOf(lab, /(\d+\.\d+\.\d+\.\d+)/.exec(step.lane?.name ?? '')?.[1] ?? '');
}
