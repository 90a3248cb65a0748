import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, Role } from '../../../src/domain/access.ts';
import type { Backup } from '../../../src/domain/backup/backup.ts';
import { isTerminal, type Run } from '../../../src/domain/run.ts';
import { startScheduleLoop } from '../../../src/jobs/schedules.ts';
import { approveRun } from '../../../src/runs/control.ts';
import { submit } from '../../../src/runs/submit.ts';
import { addPerson, bindRole } from '../../../src/store/access/people.ts';
import { toBackup } from '../../../src/store/backups/backup-rows.ts';
import { readRun } from '../../../src/store/runs/runs.ts';
import { type BackupWorld, repository, startBackupWorld } from '../backup-world.ts';
import { type Engine, startEngine, systemActor } from '../engine.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import type { Bucket } from './read-snapshot.ts';

/**
 * A cluster of the stand-in with S3, and a Starwarden that looks after it, all by one clock that a test moves: StarRocks, the
 * database and the schedules tell the same time. The loop and the worker are the real ones.
 */
export type PolicyLab = {
  readonly world: BackupWorld;
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly clusterId: string;
  readonly bucket: Bucket;
  /** Somebody who is stored, with a role everywhere. */
  person(name: string, role: Role): Promise<Actor>;
  /** Asks for an operation, and lets it be approved where that is needed. A refusal throws. */
  begin(operation: string, input: Record<string, unknown>, by: Actor): Promise<Run>;
  /** Waits for the end of a run, whatever that is. */
  ended(runId: string): Promise<Run>;
  /** Asks for an operation, lets it be approved where that is needed, and waits for its end, which has to be good. */
  carryOut(operation: string, input: Record<string, unknown>, by: Actor): Promise<Run>;
  /** Moves the clock, and waits until everything that was due by then has been fired, and every run has ended. */
  passTo(time: Date): Promise<void>;
  /** All backups of the history, oldest first, those that are deleted included. */
  backups(): Promise<readonly Backup[]>;
  close(): Promise<void>;
};

const patienceMs = 120_000;
/** How often a test looks whether something has come to its end; more often would slow down what it waits for. */
const pollMs = 100;

type LabOptions = { readonly frontends?: number };

export async function startPolicyLab({ frontends = 1 }: LabOptions = {}): Promise<PolicyLab> {
  await using undo = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'policy-lab-'));
  undo.defer(() => rm(dir, { recursive: true, force: true }));
  const clock = createVirtualClock();
  const clockFile = join(dir, 'clock');
  clock.followedBy(clockFile);
  const world = await startBackupWorld({ frontends, conf: { sandbox_clock: clockFile } });
  undo.defer(() => world.stop());
  const engine = await startEngine({ now: clock.now, plugins: [clock.plugin] });
  undo.defer(() => engine.close());
  const { db } = engine.ctx;
  engine.work();
  const loop = startScheduleLoop(engine.ctx.engine, { everyMs: 1_000 });
  undo.defer(() => loop.stop());

  const ended = async (runId: string): Promise<Run> => {
    for (const limit = Date.now() + patienceMs; ; await sleep(pollMs)) {
      const run = await readRun(db, runId);
      if (isTerminal(run.state)) return run;
      if (Date.now() > limit) throw new Error(`the run is still ${run.state}: ${JSON.stringify(run.progress)}`);
      await hurry(engine);
    }
  };
  const begin: PolicyLab['begin'] = async (operation, input, actor) => {
    const deps = engine.ctx.engine;
    const { run, userErrors } = await submit(deps, { operation, input, actor, options: {} });
    if (run === null) throw new Error(`${operation} was refused: ${JSON.stringify(userErrors)}`);
    const approver: Actor = {
      ...systemActor,
      id: 'per_approver',
      bindings: [{ role: 'ADMIN', scope: { kind: 'all' } }],
    };
    return run.state === 'AWAITING_APPROVAL' ? approveRun(deps, { runId: run.id, actor: approver }) : run;
  };
  const carryOut: PolicyLab['carryOut'] = async (operation, input, actor) => {
    const run = await ended((await begin(operation, input, actor)).id);
    if (run.state !== 'SUCCEEDED') throw new Error(`${operation} ended as ${JSON.stringify(run.failure)}`);
    return run;
  };
  const person: PolicyLab['person'] = async (name, role) => {
    const { id } = await addPerson(db, name, { actor: systemActor, requestId: null });
    await bindRole(db, id, { role, scope: { kind: 'all' } }, { actor: systemActor, requestId: null });
    return { id, name, via: 'API', bindings: [{ role, scope: { kind: 'all' } }] };
  };

  const keeper = await person('keeper', 'ADMIN');
  const clusterId = await register({ world, carryOut, keeper });
  const ending = undo.move();
  return {
    world,
    engine,
    clock,
    clusterId,
    bucket: {
      list: async (prefix) =>
        (await world.objects(`${world.root}/${prefix}`)).map(({ key }) => key.slice(world.root.length + 1)),
      read: (key) => world.s3.inside.read(repository.bucket, `${world.root}/${key}`),
    },
    person,
    begin,
    ended,
    carryOut,
    passTo: async (time) => {
      clock.moveTo(time);
      for (const limit = Date.now() + patienceMs; ; await sleep(pollMs)) {
        // Also one that is being fired: it is due until its run is there.
        const due = await db.selectFrom('schedule').select('name').where('due_at', '<=', clock.now()).execute();
        const open = await db
          .selectFrom('run')
          .select(['id', 'state', 'progress'])
          .where('finished_at', 'is', null)
          .execute();
        if (due.length === 0 && open.length === 0) return;
        if (Date.now() > limit) throw new Error(`still going on: ${JSON.stringify({ due, open })}`);
        loop.wake();
        await hurry(engine);
      }
    },
    backups: async () =>
      (await db.selectFrom('backup').selectAll().orderBy('started_at').orderBy('id').execute()).map(toBackup),
    close: () => ending.disposeAsync(),
  };
}

/** Time passes for runs that wait until they look again: nobody would notice the difference but by waiting for it. */
async function hurry({ ctx }: Engine): Promise<void> {
  await ctx.db
    .updateTable('run')
    .set({ due_at: null })
    .where('finished_at', 'is', null)
    .where('claimed_by', 'is', null)
    .where('due_at', 'is not', null)
    .execute();
}

type Registering = Pick<PolicyLab, 'world' | 'carryOut'> & { readonly keeper: Actor };

/** As a login of its own, with the rights that the guide names. */
async function register({ world, carryOut, keeper }: Registering): Promise<string> {
  const password = 'of-the-lab';
  for (const statement of [
    `CREATE USER 'starwarden'@'%' IDENTIFIED BY '${password}'`,
    'CREATE ROLE starwarden_role',
    'GRANT OPERATE, REPOSITORY ON SYSTEM TO ROLE starwarden_role',
    'GRANT SELECT, EXPORT ON ALL TABLES IN ALL DATABASES TO ROLE starwarden_role',
    "GRANT starwarden_role, cluster_admin TO USER 'starwarden'@'%'",
    "ALTER USER 'starwarden'@'%' DEFAULT ROLE starwarden_role, cluster_admin",
  ]) {
    await world.sql.query(statement);
  }
  const frontends = world.cluster.frontends.map(({ address }) => ({ host: address, port: 9030 }));
  const run = await carryOut(
    'registerCluster',
    { name: 'lab', environment: 'dev', frontends, sqlUser: 'starwarden', password },
    keeper,
  );
  return run.clusterId;
}
