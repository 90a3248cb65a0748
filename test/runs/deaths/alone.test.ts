import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { theCluster } from '../../../src/domain/subject.ts';
import { AppError } from '../../../src/errors.ts';
import {
  awaitClusterSnapshot,
  switchOffClusterSnapshots,
  switchOnClusterSnapshots,
} from '../../../src/operations/backup/set-cluster-snapshots/switch.ts';
import { defineOperation } from '../../../src/operations/define.ts';
import { clusterId } from '../../../src/operations/input/fields.ts';
import { awaitTablets } from '../../../src/operations/node/steps/await-tablets.ts';
import { submit } from '../../../src/runs/submit.ts';
import { type AnyStepKind, defineStep } from '../../../src/steps/define.ts';
import { listSteps } from '../../../src/store/runs/runs.ts';
import { admin, type Engine, startEngine } from '../../helpers/engine.ts';
import { fatesOf, workWithFates } from '../../helpers/mortal-worker.ts';
import { held } from './held.ts';

/** A kind of step by itself, with an SQL port that remembers what was changed through it. */
let changes: string[] = [];
const cluster = (answer: (name: string) => readonly SqlRow[]): StarRocksSql => ({
  query: async ({ name, text, effect }) => {
    if (effect === 'change') changes.push(text);
    return answer(name);
  },
});

/** Sends a change each time that it is told to, and looks whether it is there, or does not. */
const sender = (kind: string, repeat: 'safe' | 'ask', looks: boolean) =>
  defineStep({
    kind,
    about: () => theCluster,
    effect: 'changes',
    params: z.object({}),
    ports: ['sql'],
    timeoutMs: 60_000,
    repeat,
    describe: () => 'Send it',
    check: async (_params, _ports, { applied }) =>
      (looks ? changes.length > 0 : applied) ? { state: 'done' } : { state: 'todo' },
    apply: async (_params, { sql }, { signal }) => {
      await sql.query({ name: 'send', text: 'SEND', effect: 'change' }, { signal });
    },
    undo: { nothing: 'It is sent.' },
  });
const careful = sender('careful', 'safe', true);
const careless = sender('careless', 'safe', false);
const asking = sender('asking', 'ask', false);

const operationOf = (step: AnyStepKind, params = {}) =>
  defineOperation({
    name: `do${step.kind}`,
    title: step.kind,
    version: 1,
    summary: 'One step alone.',
    permission: 'cluster:check',
    risk: 'low',
    target: { kind: 'cluster', from: 'clusterId' },
    input: z.object({ clusterId }),
    example: { clusterId: 'clu_01J00000000000000000000000' },
    slack: null,
    steps: [step],
    observe: async () => null,
    plan: () => ({ summary: 'It is done', steps: [step.spec(params)] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });

let engine: Engine;
let clusters = 0;
beforeAll(async () => {
  const operations = [careful, careless, asking].map((kind) => operationOf(kind));
  const tablets = operationOf(awaitTablets, { label: 'be 127.0.0.1:9050', gateTimeoutSeconds: 600 });
  const snapshots = [
    operationOf(switchOnClusterSnapshots, { storageVolume: null }),
    operationOf(switchOffClusterSnapshots),
    operationOf(awaitClusterSnapshot),
  ];
  engine = await startEngine({ operations: [...operations, tablets, ...snapshots] });
});
afterAll(() => engine?.close());

async function tryAlone(kind: AnyStepKind, sql: StarRocksSql) {
  changes = [];
  clusters += 1;
  const input = { clusterId: await engine.addCluster(`alone-${clusters}`) };
  const { run } = await submit(engine.ctx.engine, { operation: `do${kind.kind}`, input, actor: admin });
  if (run === null) throw new Error('no run');
  const { connections } = engine.ctx.engine;
  const portsFor: typeof connections.portsFor = (id) => ({ ...connections.portsFor(id), sql });
  const own = { ...engine.ctx.engine, connections: { ...connections, portsFor } };
  const alone = { ...engine, ctx: { ...engine.ctx, engine: own } };
  const { met, revision } = await workWithFates(alone, { runId: run.id, fates: fatesOf(kind), limitMs: 120_000 });
  const ended = await engine.until(run.id, ['SUCCEEDED', 'FAILED', 'INTERRUPTED']);
  expect(ended.revision, 'one that had slept recorded something').toBe(revision);
  return { met, ended, steps: await listSteps(engine.ctx.db, run.id) };
}

it('a step that looks before it acts has its effect once, however often its worker dies or sleeps', async () => {
  const { met, ended, steps } = await tryAlone(
    careful,
    cluster(() => []),
  );
  expect(met.toSorted()).toEqual([...fatesOf(careful)].toSorted());
  expect(ended.state).toBe('SUCCEEDED');
  expect(steps.map(({ state }) => state)).toEqual(['done']);
  expect(changes).toEqual(['SEND']);
});

it('a step that does not look is found out: its effect is there twice', async () => {
  const { ended } = await tryAlone(
    careless,
    cluster(() => []),
  );
  expect(ended.state).toBe('SUCCEEDED');
  expect(changes.length).toBeGreaterThan(1);
});

it('a step that may not be repeated is left to a person as soon as nobody knows whether it was sent', async () => {
  const { met, ended, steps } = await tryAlone(
    asking,
    cluster(() => []),
  );
  expect(met).toEqual(['before-record asking', 'before-effect asking']);
  expect(ended.state).toBe('INTERRUPTED');
  expect(steps.map(({ state }) => state)).toEqual(['applying']);
  expect(changes).toEqual([]);
});

it('the repair of tablets is let go once, and waited for', async () => {
  let looks = 0;
  const sql = cluster((name) => {
    const isLetGo = changes.length > 0;
    if (name === 'show-backends') return [];
    if (name !== 'show-proc')
      return [{ ...setting, Key: 'tablet_sched_max_scheduling_tablets', Value: isLetGo ? '10000' : '0' }];
    looks += isLetGo ? 1 : 0;
    return [{ ...statistic, UnhealthyTabletNum: looks > 6 ? '0' : '3' }];
  });
  const { met, ended, steps } = await tryAlone(awaitTablets, sql);
  expect(ended.state, JSON.stringify(ended.failure)).toBe('SUCCEEDED');
  expect(met.toSorted()).toEqual([...fatesOf(awaitTablets)].toSorted());
  expect(steps.map(({ state }) => state)).toEqual(['done']);
  expect(changes).toHaveLength(1);
});

/** A shared-data cluster: switching twice is refused as StarRocks does, and the newest snapshot is listed while they are on. */
function sharedData(isOnBefore: boolean) {
  const seen = { isOn: isOnBefore, switched: 0, looks: 0 };
  const sql: StarRocksSql = {
    query: async ({ name, effect }) => {
      if (effect === 'change') {
        const turnsOn = name === 'switch-cluster-snapshots-on';
        if (turnsOn === seen.isOn) {
          const refusal = `Automated snapshot has ${turnsOn ? '' : 'not '}been turn on.`;
          throw new AppError('SQL_FAILED', `Getting analyzing error. Detail message: ${refusal}`);
        }
        seen.isOn = turnsOn;
        seen.switched += 1;
        return [];
      }
      seen.looks += 1;
      return seen.isOn && isOnBefore && name === 'list-cluster-snapshots' && seen.looks > 2 ? [snapshot] : [];
    },
  };
  return { sql, seen };
}

it.each([
  ['on', switchOnClusterSnapshots, false],
  ['off', switchOffClusterSnapshots, true],
])('cluster snapshots are switched %s once, whatever becomes of the answers', async (_to, kind, isOnBefore) => {
  const { sql, seen } = sharedData(isOnBefore);
  const { met, ended, steps } = await tryAlone(kind, sql);
  expect(ended.state, JSON.stringify(ended.failure)).toBe('SUCCEEDED');
  expect(met.toSorted()).toEqual([...fatesOf(kind)].toSorted());
  expect(steps.map(({ state }) => state)).toEqual(['done']);
  expect(seen).toMatchObject({ isOn: !isOnBefore, switched: 1 });
});

it('the first snapshot is waited for', async () => {
  const { sql } = sharedData(true);
  const { met, ended } = await tryAlone(awaitClusterSnapshot, sql);
  expect(ended.state, JSON.stringify(ended.failure)).toBe('SUCCEEDED');
  expect(met.toSorted()).toEqual([...fatesOf(awaitClusterSnapshot)].toSorted());
});

it('these are the kinds that it says', () => {
  const kinds = [awaitClusterSnapshot, awaitTablets, switchOffClusterSnapshots, switchOnClusterSnapshots];
  expect(held.alone).toEqual(kinds.map(({ kind }) => kind));
});

const snapshot = {
  SNAPSHOT_NAME: 'automated_cluster_snapshot_1782640800000',
  SNAPSHOT_TYPE: 'AUTOMATED',
  STORAGE_VOLUME: 'builtin_storage_volume',
  STORAGE_PATH: 's3://bucket/meta/image/automated_cluster_snapshot_1782640800000',
};
const setting = { AliasNames: '[]', Type: 'int', IsMutable: 'true', Comment: '' };
const statistic = {
  ...{ DbId: 'Total', DbName: '1', TableNum: '1', PartitionNum: '1', IndexNum: '1', TabletNum: '9', ReplicaNum: '27' },
  ...{ InconsistentTabletNum: '0', CloningTabletNum: '0', ErrorStateTabletNum: '0' },
};
