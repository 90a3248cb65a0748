import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../../sandbox/patience.ts';
import { isTerminal, type Run } from '../../../src/domain/run.ts';
import { approveRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { admin, approver } from '../../helpers/engine.ts';
import { createVirtualClock, type VirtualClock } from '../../helpers/virtual-clock.ts';
import type { Client } from '../../sandbox/starrocks/helpers/client.ts';
import type { TestCluster } from '../../sandbox/starrocks/helpers/cluster.ts';
import { type AlertLab, startAlertLab } from './alert-lab.ts';

/** A small cluster and a Starwarden that tell the same time: that of a clock which a test moves. */
export type ClockSite = {
  readonly lab: AlertLab;
  readonly cluster: TestCluster;
  readonly sql: Client;
  readonly clock: VirtualClock;
  readonly clusterId: string;
  /** Carries an operation out to its end, whatever that is. */
  operate(operation: string, input: Record<string, unknown>): Promise<Run>;
  /** Ends the worker, which drives runs and fires schedules; what is answered starts another one. */
  endWorker(): Promise<() => void>;
  close(): Promise<void>;
};

type Started = { readonly cluster: TestCluster; readonly sql: Client; stop(): Promise<unknown> };

const password = 'of-the-lab';

/** `start` is given the lines of conf files by which nodes follow the clock. */
export async function startClockSite(start: (conf: Record<string, string>) => Promise<Started>): Promise<ClockSite> {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'alert-lab-'));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const clock = createVirtualClock();
  clock.followedBy(join(dir, 'clock'));
  const world = await start({ sandbox_clock: join(dir, 'clock') });
  undo.defer(async () => void (await world.stop()));
  const lab = await startAlertLab({ now: clock.now, plugins: [clock.plugin] });
  undo.defer(() => lab.close());
  let worker = lab.engine.work();
  const endWorker = async () => {
    await worker.stop();
    return () => {
      worker = lab.engine.work();
    };
  };
  const { cluster, sql } = world;
  const operate: ClockSite['operate'] = async (operation, input) => {
    const deps = lab.engine.ctx.engine;
    const asked = await submit(deps, { operation, input, actor: admin, options: {} });
    if (asked.run === null) throw new Error(`${operation} was refused: ${JSON.stringify(asked.userErrors)}`);
    const { id, state } = asked.run;
    if (state === 'AWAITING_APPROVAL') await approveRun(deps, { runId: id, actor: approver });
    return ended(lab, id);
  };
  await sql.query(`CREATE USER 'starwarden'@'%' IDENTIFIED BY '${password}' DEFAULT ROLE cluster_admin`);
  for (const rights of ['OPERATE, REPOSITORY ON SYSTEM', 'SELECT, EXPORT ON ALL TABLES IN ALL DATABASES'])
    await sql.query(`GRANT ${rights} TO USER 'starwarden'@'%'`);
  const frontends = cluster.frontends.map(({ address }) => ({ host: address, port: 9030 }));
  const input = { name: 'world', environment: 'dev', frontends, sqlUser: 'starwarden', password };
  const { state, clusterId, failure } = await operate('registerCluster', input);
  if (state !== 'SUCCEEDED') throw new Error(`registerCluster ended as ${JSON.stringify(failure)}`);
  const ending = undo.move();
  return { lab, cluster, sql, clock, clusterId, operate, endWorker, close: () => ending.disposeAsync() };
}

/** Time passes for runs that wait until they look again. */
async function ended({ engine }: AlertLab, runId: string): Promise<Run> {
  const { db } = engine.ctx;
  for (const limit = Date.now() + patienceMs; ; await sleep(50)) {
    const run = await readRun(db, runId);
    if (isTerminal(run.state)) return run;
    if (Date.now() > limit) throw new Error(`the run is still ${run.state}: ${JSON.stringify(run.progress)}`);
    await db
      .updateTable('run')
      .set({ due_at: null })
      .where('finished_at', 'is', null)
      .where('claimed_by', 'is', null)
      .where('due_at', 'is not', null)
      .execute();
  }
}
