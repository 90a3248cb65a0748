import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryResult, RootOperationNode } from 'kysely';
import type { ObjectStore } from '../../src/adapters/object-store/port.ts';
import { drivenRunStates } from '../../src/domain/run.ts';
import type { AnyOperation } from '../../src/operations/define.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import type { Engine as RunEngine, RunnerPoint } from '../../src/runs/engine.ts';
import type { AnyStepKind, Ports } from '../../src/steps/define.ts';
import type { Database } from '../../src/store/database.ts';
import { readRun } from '../../src/store/runs/runs.ts';
import { type KindPoint, letLeaseEnd } from './deaths.ts';
import type { Engine } from './engine.ts';

/*
 * A worker that dies without a process: from one moment on, no statement and no call of it gets through. What is left of it can
 * neither record nor act, as if the machine were gone; another goes on as soon as the lease has ended.
 */

/** Where a worker dies; or falls asleep, before the first call of an effect, and wakes up when the run is over. */
export type Fate = KindPoint | `asleep ${string}`;

export const pointNames = ['before-record', 'before-effect', 'after-effect', 'after-record'] as const;

/** All that can become of the worker of a step of this kind. A gate has no effect to die around. */
export function fatesOf(kind: AnyStepKind): readonly Fate[] {
  return kind.isGate
    ? [`after-record ${kind.kind}`]
    : [...pointNames.map((at): Fate => `${at} ${kind.kind}`), `asleep ${kind.kind}`];
}

class Death extends Error {}

type Life = {
  state: 'alive' | 'asleep' | 'dead';
  /** Resolves when one that sleeps may go on. */
  readonly awake: Promise<void>;
  readonly wake: () => void;
};

type Sleeper = { readonly life: Life; readonly since: number; readonly work: Promise<unknown> };

/**
 * Works on a run with one worker after the other until it needs nobody any more. Each meets the first of its fates that no
 * worker before has met. Answers the fates that were met, in order, and how often the run had changed before the sleepers woke up.
 */
export async function workWithFates(
  engine: Engine,
  { runId, fates, limitMs }: { runId: string; fates: readonly Fate[]; limitMs: number },
): Promise<{ met: readonly Fate[]; revision: number }> {
  const met: Fate[] = [];
  const sleepers: Sleeper[] = [];
  const until = Date.now() + limitMs;
  for (;;) {
    const life = begin();
    const toMeet = fates.filter((fate) => !met.includes(fate));
    const { promise: fate, resolve } = Promise.withResolvers<Fate>();
    const work = drive(mortal(engine, { life, fates: toMeet, meet: resolve }), runId).catch((error: unknown) => {
      if (life.state === 'alive') throw error;
    });
    const end = await Promise.race([fate, work.then(() => 'left' as const)]);
    if (end !== 'left') {
      met.push(end);
      if (life.state === 'asleep') sleepers.push({ life, since: Date.now(), work });
      else await work;
      await letLeaseEnd(engine, runId);
      continue;
    }
    const run = await readRun(engine.ctx.db, runId);
    if (!drivenRunStates.some((state) => state === run.state)) {
      await wakeAll(sleepers, engine.ctx.engine.leaseMs);
      return { met, revision: run.revision };
    }
    if (Date.now() > until) throw new Error(`run is still ${run.state}: ${JSON.stringify(run.progress)}`);
    await sleep(20);
  }
}

/** They go on, and find out: by the end of their lease, which their own clock tells them too. */
async function wakeAll(sleepers: readonly Sleeper[], leaseMs: number): Promise<void> {
  for (const { life, since, work } of sleepers) {
    await sleep(Math.max(since + leaseMs - Date.now(), 0));
    life.state = 'alive';
    life.wake();
    await work;
  }
}

function begin(): Life {
  const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
  return { state: 'alive', awake, wake };
}

type Mortal = { readonly life: Life; readonly fates: readonly Fate[]; readonly meet: (fate: Fate) => void };

/** The engine as that worker has it. */
function mortal(engine: Engine, { life, fates, meet }: Mortal): RunEngine {
  const { engine: whole } = engine.ctx;
  const observer = (point: RunnerPoint) => {
    const fate: Fate = `${point.at} ${point.kind}`;
    if (life.state !== 'alive' || !fates.includes(fate)) return;
    life.state = 'dead';
    meet(fate);
    throw new Death(fate);
  };
  const fallAsleep = async (kind: string) => {
    const fate: Fate = `asleep ${kind}`;
    if (life.state !== 'alive' || !fates.includes(fate)) return;
    life.state = 'asleep';
    meet(fate);
    await life.awake;
  };
  const operations = [...whole.operations].map(
    ([name, operation]) => [name, withSleep(operation, fallAsleep)] as const,
  );
  return {
    ...whole,
    db: mortalDatabase(engine.ctx.db, life),
    connections: {
      ...whole.connections,
      portsFor: (clusterId) => mortalPorts(whole.connections.portsFor(clusterId), life),
    },
    operations: new Map(operations),
    ring: () => {},
    changed: () => {},
    observer,
  };
}

function withSleep(operation: AnyOperation, fallAsleep: (kind: string) => Promise<void>): AnyOperation {
  const steps = operation.steps.map(
    (kind): AnyStepKind => ({
      ...kind,
      apply: async (params, ports, context) => {
        await fallAsleep(kind.kind);
        return kind.apply(params, ports, context);
      },
    }),
  );
  return { ...operation, steps };
}

function mortalDatabase(db: Database, life: Life): Database {
  return db.withPlugin({
    transformQuery: ({ node }): RootOperationNode => {
      if (life.state !== 'alive') throw new Death('it sends nothing any more');
      return node;
    },
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
  });
}

function mortalPorts(ports: Ports, life: Life): Ports {
  const call = <P extends object>(port: P): P =>
    new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...args: readonly unknown[]): Promise<unknown> => {
          // What it was about to send when it fell asleep is not sent: what it sends when it is awake is looked at again.
          const wasAsleep = life.state === 'asleep';
          if (wasAsleep) await life.awake;
          if (wasAsleep || life.state === 'dead') throw new Death('it calls nobody any more');
          return Reflect.apply(value, target, args);
        };
      },
    });
  const guarded = (guard?: () => void) => () => {
    if (life.state !== 'alive') throw new Death('it goes on with nothing any more');
    guard?.();
  };
  // Each by name: a port that is added tomorrow has to be told how it dies.
  return {
    sql: call(ports.sql),
    sqlAs: (login) => call(ports.sqlAs(login)),
    http: call(ports.http),
    archives: call(ports.archives),
    inventory: call(ports.inventory),
    catalogue: call(ports.catalogue),
    node: async (node, guard) => call(await ports.node(node, guarded(guard))),
    shell: async (hostId) => call(await ports.shell(hostId)),
    login: async (host) => call(await ports.login(host)),
    objects: async (name, guard) => mortalStore(await ports.objects(name, guarded(guard)), { life, call }),
    objectsAt: async (place, guard) => mortalStore(await ports.objectsAt(place, guarded(guard)), { life, call }),
  };
}

/** What comes page by page or piece by piece stops coming. */
function mortalStore(
  store: ObjectStore,
  { life, call }: { life: Life; call: (port: ObjectStore) => ObjectStore },
): ObjectStore {
  async function* untilDeath<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    for await (const item of items) {
      if (life.state !== 'alive') throw new Death('it reads nothing any more');
      yield item;
    }
  }
  return {
    ...call(store),
    list: (prefix, options) => untilDeath(store.list(prefix, options)),
    read: (key, options) => untilDeath(store.read(key, options)),
  };
}
