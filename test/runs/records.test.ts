import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BackupCatalogue } from '../../src/domain/backup/catalogue.ts';
import type { Inventory, InventoryRecord } from '../../src/domain/inventory.ts';
import type { Run } from '../../src/domain/run.ts';
import { theCluster } from '../../src/domain/subject.ts';
import { AppError } from '../../src/errors.ts';
import { newId } from '../../src/ids.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { drive } from '../../src/runs/drive/runner.ts';
import type { RunnerPoint } from '../../src/runs/engine.ts';
import { submit } from '../../src/runs/submit.ts';
import { type Applied, defineStep } from '../../src/steps/define.ts';
import { listSteps, readRun } from '../../src/store/runs/runs.ts';
import { type Engine, operator, startEngine } from '../helpers/engine.ts';

const checks = [
  { name: 'tablets', status: 'PASS', severity: 'BLOCK', observed: 'good', wanted: 'good', hint: null },
] as const;
const reported: InventoryRecord = { record: 'reportMade', checks };

let before: readonly InventoryRecord[];
let answer: (inventory: Inventory, runId: string) => Promise<Applied>;
/** The worker dies there, once. */
let dieAt: RunnerPoint['at'] | null;

const step = {
  params: z.object({}),
  about: () => theCluster,
  ports: ['inventory', 'catalogue'],
  timeoutMs: 60_000,
  repeat: 'safe',
  undo: { nothing: 'It is a test.' },
} as const;
/** Opens the record of a backup: its effect is that row, and what `answer` says. */
const remember = defineStep({
  ...step,
  kind: 'remember',
  effect: 'changes',
  describe: () => 'Remember something',
  check: async (_params, { catalogue }, { runId }) =>
    (await catalogue.findOfRun(runId, 'sales')) === null ? { state: 'todo' } : { state: 'done' },
  recordsBefore: () => before,
  apply: (_params, { inventory }, { runId }) => answer(inventory, runId),
});
const look = defineStep({
  ...step,
  kind: 'look',
  effect: 'looks',
  describe: () => 'Look',
  check: async () => ({ state: 'done', records: [reported] }),
});

const operation = (name: string, plan: typeof remember | typeof look) =>
  defineOperation({
    name,
    title: name,
    version: 1,
    summary: 'Remembers.',
    permission: 'cluster:check',
    risk: 'low',
    target: { kind: 'cluster', from: 'clusterId' },
    input: z.object({ clusterId }),
    example: { clusterId: 'clu_01J00000000000000000000000' },
    slack: null,
    steps: [remember, look],
    observe: async () => null,
    plan: () => ({ summary: 'Remembers', steps: [plan.with({})] }),
    postCheck: async () => ({ passed: true, checks: [] }),
  });

let engine: Engine;
let inventory: Inventory;
let catalogue: BackupCatalogue;
let cluster: string;
let clusters = 0;

beforeAll(async () => {
  engine = await startEngine({
    operations: [operation('remember', remember), operation('look', look)],
    observer: ({ at }) => {
      if (at !== dieAt) return;
      dieAt = null;
      throw new AppError('LEASE_LOST', 'The worker died');
    },
  });
  ({ inventory, catalogue } = engine.ctx.connections);
});
beforeEach(async () => {
  clusters += 1;
  cluster = await engine.addCluster(`toy-${clusters}`);
  before = [];
  dieAt = null;
});
afterAll(() => engine?.close());

async function run(name: string): Promise<Run> {
  const request = { operation: name, input: { clusterId: cluster }, actor: operator };
  const { run: asked } = await submit(engine.ctx.engine, request);
  await drive(engine.ctx.engine, asked?.id ?? '');
  return readRun(engine.ctx.db, asked?.id ?? '');
}

const stepOf = async ({ id }: Run) => (await listSteps(engine.ctx.db, id))[0];

const opensBackup = async (): Promise<Applied> => ({
  state: 'done',
  records: [{ record: 'backupBegun', backup: { ...newBackup, id: newId('bak') } }],
});

describe('a step that wants something remembered', () => {
  it('answers it with the effect, and both are there or neither when the worker dies', async () => {
    answer = opensBackup;
    dieAt = 'after-effect';
    const left = await run('remember');
    expect((await stepOf(left))?.state).toBe('applying');
    expect(await catalogue.findOfRun(left.id, 'sales')).toBeNull();
    await drive(engine.ctx.engine, left.id);
    expect((await readRun(engine.ctx.db, left.id)).state).toBe('SUCCEEDED');
    expect(await stepOf(left)).toMatchObject({ state: 'done', attempt: 2 });
    expect(await catalogue.findOfRun(left.id, 'sales')).toMatchObject({ clusterId: cluster, database: 'sales' });
  });

  it('has it written once when the worker dies behind it', async () => {
    answer = opensBackup;
    dieAt = 'after-record';
    const left = await run('remember');
    const backup = await catalogue.findOfRun(left.id, 'sales');
    await drive(engine.ctx.engine, left.id);
    expect((await readRun(engine.ctx.db, left.id)).state).toBe('SUCCEEDED');
    expect(backup).not.toBeNull();
    const { id, startedAt } = backup ?? {};
    expect(await catalogue.findOfRun(left.id, 'sales')).toMatchObject({ id, startedAt });
  });

  it('finds what it wanted remembered before its effect when the effect begins', async () => {
    before = [reported];
    let seen: unknown = null;
    answer = async (memory, runId) => {
      seen = (await memory.findReport(runId))?.checks;
      return opensBackup();
    };
    expect((await run('remember')).state).toBe('SUCCEEDED');
    expect(seen).toEqual(checks);
  });

  it('leaves what it wanted remembered before, whatever becomes of the effect', async () => {
    before = [reported];
    answer = async () => {
      throw new AppError('COMMAND_FAILED', 'No space left');
    };
    const failed = await run('remember');
    expect(failed).toMatchObject({ state: 'FAILED', failure: { code: 'COMMAND_FAILED', message: 'No space left' } });
    expect((await inventory.findReport(failed.id))?.checks).toEqual(checks);
  });

  it('may fail and leave what it has found', async () => {
    const refusal = { code: 'SQL_UNREACHABLE', message: 'Nobody answers', hint: 'Look at the network.' } as const;
    answer = async () => ({ state: 'blocked', ...refusal, records: [reported] });
    const failed = await run('remember');
    expect(failed).toMatchObject({ state: 'FAILED', failure: { ...refusal, step: 0 } });
    expect((await inventory.findReport(failed.id))?.checks).toEqual(checks);
  });

  it('may be a gate, which answers it with what it has seen', async () => {
    const ended = await run('look');
    expect(ended.state).toBe('SUCCEEDED');
    expect((await inventory.findReport(ended.id))?.checks).toEqual(checks);
  });

  it('can say nothing about a host of another cluster, even by its id', async () => {
    const host = { ...newLogin, id: newId('hst') };
    const opened = async () => [{ record: 'backupBegun', backup: { ...newBackup, id: newId('bak') } } as const];
    answer = async () => ({ state: 'done', records: [{ record: 'hostSaved', host }, ...(await opened())] });
    expect((await run('remember')).state).toBe('SUCCEEDED');
    const saved = await inventory.findHost(host.id);
    expect(saved).toMatchObject({ clusterId: cluster, address: host.address });
    cluster = await engine.addCluster(`other-${clusters}`);
    answer = async () => ({
      state: 'done',
      records: [
        { record: 'hostVerified', hostId: host.id, facts: { ssh: 'OK', sudo: true, problem: 'of another cluster' } },
        { record: 'hostRemoved', hostId: host.id },
        ...(await opened()),
      ],
    });
    expect((await run('remember')).state).toBe('SUCCEEDED');
    expect(await inventory.findHost(host.id)).toEqual(saved);
  });

  it('fails with the reason when it cannot be written, and nothing of it is', async () => {
    await engine.addCluster(`taken-${clusters}`);
    const own = await inventory.findCluster(cluster);
    answer = async () => ({
      state: 'done',
      records: [reported, { record: 'clusterChanged', cluster: { ...newSettings, name: `taken-${clusters}` } }],
    });
    const failed = await run('remember');
    expect(failed).toMatchObject({ state: 'FAILED', failure: { code: 'ALREADY_EXISTS' } });
    expect(await inventory.findReport(failed.id)).toBeNull();
    expect(await inventory.findCluster(cluster)).toEqual(own);
  });
});

const newBackup = {
  ...{ database: 'sales', repository: 'backups', location: null, kind: 'FULL' as const },
  ...{ origin: null, policyId: null, tier: null, isSelection: false },
} as const;
const newLogin = {
  address: '10.0.0.11',
  port: 22,
  user: 'starrocks',
  auth: { kind: 'agent' },
  hostKeyFingerprint: 'SHA256:none',
  jumpHostId: null,
} as const;
const newSettings = { environment: 'dev', sqlUser: 'other', passwordRef: 'secret:sec_none', seeds: [], tls: null };
