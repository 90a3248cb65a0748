import { describe, expect, it, vi } from 'vitest';
import type { Node } from '../../../src/adapters/nodes/port.ts';
import type { DirState, InstalledState } from '../../../src/domain/deploy/installation.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { ProcessId } from '../../../src/domain/process-id.ts';
import { AppError } from '../../../src/errors.ts';
import { claimPlace } from '../../../src/operations/topology/steps/claim-place.ts';
import { endNewNode } from '../../../src/operations/topology/steps/end-new-node.ts';
import { newNodeLane, takenAway } from '../../../src/operations/topology/steps/new-node-lane.ts';
import { removeInstalled } from '../../../src/operations/topology/steps/remove-installed.ts';
import { awaitProcess, startNewNode } from '../../../src/operations/topology/steps/start-new-node.ts';
import { removeUnit, writeUnit } from '../../../src/operations/topology/steps/write-unit.ts';
import type { AnyStepKind, EarlierStep, Ports } from '../../../src/steps/define.ts';

/* What the steps of a new node ask before they do anything, with scripted answers: none of them may send a thing here. */

const runId = 'run_01J00000000000000000000005';
const be = {
  ...{ label: 'be 10.0.0.14:9050', kind: 'BACKEND' as const, role: null, host: '10.0.0.14', port: 9050 },
  ...{ hostId: 'hst_4', hostAddress: '10.0.0.14', deployDir: '/opt/sr/be', unit: null, conf: 'be_port = 9060\n' },
  ...{ release: { version: '3.5.0', sha256: 'a'.repeat(64) }, dataDirs: ['/data1/sr'], ports: { be_port: 9060 } },
};
const fe = {
  ...{ ...be, label: 'fe 10.0.0.14:9010', kind: 'FRONTEND' as const, role: 'FOLLOWER' as const, port: 9010 },
  ...{ deployDir: '/opt/sr/fe', dataDirs: ['/data1/meta'] },
};
const dirOf = (path: string, state: Partial<DirState> = {}): DirState => ({
  ...{ path, owner: 'ours', problem: null, isEmpty: false },
  ...state,
});
const installed = (of: typeof be | typeof fe, state: Partial<InstalledState> = {}): InstalledState => ({
  dirs: [of.deployDir, ...of.dataDirs].map((path) => dirOf(path)),
  ...{ binaries: 'whole', confSha256: null, unit: null, isBegun: true },
  ...state,
});

const frontend = (IP: string, Role = 'FOLLOWER') => ({
  ...{ Name: IP, IP, EditLogPort: '9010', HttpPort: '8030', QueryPort: '9030', RpcPort: '9020', Role, Alive: 'true' },
  ...{ ClusterId: '1', Join: 'true', ReplayedJournalId: '1', LastHeartbeat: '2026-03-01 12:00:00', ErrMsg: '' },
  ...{ StartTime: '2026-03-01 10:00:00', Version: '3.5.0-1234567' },
});
const backend = (IP: string) => ({
  ...{
    BackendId: '10004',
    IP,
    HeartbeatPort: '9050',
    BePort: '9060',
    HttpPort: '8040',
    BrpcPort: '8060',
    Alive: 'true',
    ErrMsg: '',
  },
  ...{ LastStartTime: '2026-03-01 10:00:00', LastHeartbeat: '2026-03-01 12:00:00', SystemDecommissioned: 'false' },
  ...{ Version: '3.5.0-1234567', MaxDiskUsedPct: '40.00 %', TabletNum: '7' },
});

type Scene = {
  readonly state?: InstalledState;
  readonly running?: ProcessId | null;
  /** An error = what the cluster says instead. */
  readonly rows?: { readonly frontends: readonly object[]; readonly backends?: readonly object[] } | AppError;
  readonly known?: readonly Record<string, unknown>[];
  readonly removed?: readonly Record<string, unknown>[];
  readonly observedAt?: Date | null;
  readonly earlier?: EarlierStep;
  readonly startedAt?: Date;
};

async function check(kind: AnyStepKind, params: JsonObject, scene: Scene) {
  const { state, running = null, rows = { frontends: [frontend('10.0.0.1', 'LEADER')] }, known = [] } = scene;
  const node: Partial<Node> = { process: async () => running };
  if (state !== undefined) Object.assign(node, { installed: async () => state });
  const ports = {
    node: async () => node,
    sql: {
      query: async ({ name }: { readonly name: string }) => {
        if (rows instanceof AppError) throw rows;
        return { 'show-frontends': rows.frontends, 'show-backends': rows.backends ?? [] }[name] ?? [];
      },
    },
    inventory: {
      listNodesAt: async () => known,
      listNodes: async () => known,
      listRemovedNodes: async () => scene.removed ?? [],
      findCluster: async () => ({ observedAt: scene.observedAt ?? null }),
    },
  };
  return kind.check(params, ports as unknown as Ports, {
    ...{ runId, clusterId: 'clu_1', signal: AbortSignal.timeout(20_000), log: () => {}, attempts: 0, applied: false },
    ...{ now: () => new Date('2026-01-01T00:01:00Z'), startedAt: scene.startedAt ?? null, waitingLanes: 0 },
    earlier: async () => scene.earlier ?? null,
  });
}

const away = new AppError('SQL_UNREACHABLE', 'no frontend answers', { retryable: true });
const locked = new AppError('SQL_AUTH_FAILED', 'it lets nobody in');
const blocked = (words: RegExp) => ({ state: 'blocked', message: expect.stringMatching(words) });
const inClusterAs = (host: string, port = 9050, more: Record<string, unknown> = {}) => ({
  ...{ id: 'nod_9', clusterId: 'clu_1', kind: 'BACKEND', host, port, deployDir: be.deployDir, hostId: 'hst_4' },
  ...more,
});

describe.each([
  ['ending', endNewNode],
  ['removing', removeInstalled],
])('%s a new node', (_name, kind) => {
  const asked = { ...be, isAlone: false, isThrownAway: false };
  const started = installed(be);

  it('waits for nothing where no cluster knows it', async () => {
    expect(await check(kind, asked, { state: started })).toEqual({ state: 'todo' });
  });

  it.each<[string, Scene, RegExp]>([
    [
      'the cluster has it',
      { rows: { frontends: [frontend('10.0.0.1', 'LEADER')], backends: [backend('10.0.0.14')] } },
      /is still in the cluster/,
    ],
    [
      'the cluster has another name for its machine',
      { rows: { frontends: [frontend('10.0.0.1', 'LEADER')], backends: [backend('localhost')] } },
      /the cluster knows it as be localhost:9050, which is the same machine/,
    ],
    [
      'it is known under another name',
      { known: [inClusterAs('be-4.example')] },
      /be be-4\.example:9050 is known to be in/,
    ],
    [
      'a node of another cluster is in its directory',
      { known: [inClusterAs('10.0.0.14', 9050, { clusterId: 'clu_2' })] },
      /be 10\.0\.0\.14:9050 is known to be in \/opt\/sr\/be/,
    ],
    [
      'another run took it out and its data is kept',
      {
        removed: [
          {
            ...{ kind: 'BACKEND', host: '10.0.0.14', port: 9050, dataDirs: ['/data1/sr'], purgedAt: null },
            ...{ runId: 'run_01J00000000000000000000009', place: { hostId: 'hst_4', deployDir: '/opt/sr/be' } },
          },
        ],
      },
      /has left the cluster by another run, and its data is kept/,
    ],
  ])('does not happen while %s', async (_what, scene, words) => {
    const machine = JSON.stringify(scene.rows ?? '').includes('localhost');
    const at = machine ? { ...asked, host: '127.0.0.1', hostAddress: '127.0.0.1' } : asked;
    expect(await check(kind, at, { state: started, ...scene })).toMatchObject(blocked(words));
  });

  it('does not happen while nobody can tell: no answer, no leader', async () => {
    let ms = 0; // nobody waits for a leader here
    vi.spyOn(performance, 'now').mockImplementation(() => (ms += 20_000));
    for (const rows of [away, { frontends: [frontend('10.0.0.1')] }])
      await expect(check(kind, asked, { state: started, rows })).rejects.toMatchObject({ code: 'SQL_UNREACHABLE' });
    vi.restoreAllMocks();
  });

  it('does not happen to the first frontend of a cluster that has come to have others', async () => {
    const alone = { ...fe, isAlone: true, isThrownAway: false };
    const state = installed(fe);
    const own = frontend('10.0.0.14', 'LEADER');
    expect(await check(kind, alone, { state, rows: { frontends: [own] } })).toEqual({ state: 'todo' });
    expect(await check(kind, alone, { state, rows: away })).toEqual({ state: 'todo' });
    expect(await check(kind, alone, { state, rows: locked })).toEqual({ state: 'todo' });
    const observedAt = new Date();
    await expect(check(kind, alone, { state, rows: locked, observedAt })).rejects.toThrow(locked);
    const grown = { frontends: [own], backends: [backend('10.0.0.20')] };
    expect(await check(kind, alone, { state, rows: grown })).toMatchObject(
      blocked(/be 10\.0\.0\.20:9050 are still in/),
    );
    const recorded = [inClusterAs('10.0.0.21', 9050, { deployDir: null })];
    expect(await check(kind, alone, { state, rows: away, known: recorded })).toMatchObject(blocked(/be 10\.0\.0\.21/));
  });

  it('has nothing to do where nothing is ours, and does not say so where that cannot be seen', async () => {
    const gone = installed(be, { dirs: started.dirs.map((dir) => ({ ...dir, owner: 'nobody', isEmpty: true })) });
    expect(await check(kind, asked, { state: gone, running: { pid: 7, startedAtTicks: '1' } })).toEqual({
      state: 'done',
    });
    const hidden = installed(be, {
      dirs: started.dirs.map((dir) => ({ ...dir, owner: 'unknown', problem: 'an I/O error' })),
    });
    expect(await check(kind, asked, { state: hidden })).toMatchObject(blocked(/an I\/O error/));
  });
});

describe('a node that this run has not started', () => {
  const running = { pid: 7, startedAtTicks: '1' };
  const first = { ...be, helper: null, hostType: 'IP', isAlone: false };
  const empty = (of: typeof be) =>
    installed(of, { isBegun: false, dirs: [dirOf(of.deployDir), dirOf('/data1/sr', { isEmpty: true })] });

  it('is not taken for the one that is to be started, and is not ended', async () => {
    for (const [kind, params] of [
      [startNewNode, first],
      [endNewNode, { ...be, isAlone: false, isThrownAway: false }],
    ] as const)
      expect(await check(kind, params, { state: empty(be), running })).toMatchObject(
        blocked(/runs as process 7, and this run has not started it/),
      );
    expect(await check(startNewNode, first, { state: installed(be), running })).toEqual({
      ...{ state: 'done', facts: { process: running } },
    });
  });

  it('keeps what its directories of data hold, also where the mark of its deploy directory is lost', async () => {
    const used = installed(be, { isBegun: false });
    const unmarked = installed(be, {
      isBegun: false,
      dirs: [dirOf(be.deployDir, { owner: 'other', problem: 'x' }), dirOf('/data1/sr')],
    });
    for (const state of [used, unmarked])
      expect(await check(removeInstalled, { ...be, isAlone: false, isThrownAway: false }, { state })).toMatchObject(
        blocked(/\/data1\/sr on 10\.0\.0\.14 is not empty, and be 10\.0\.0\.14:9050 was never started there/),
      );
    expect(await check(startNewNode, first, { state: used })).toMatchObject(blocked(/is not empty/));
  });

  it('is taken away without a word of the cluster while it holds nothing', async () => {
    expect(
      await check(removeInstalled, { ...be, isAlone: false, isThrownAway: false }, { state: empty(be), rows: away }),
    ).toEqual({
      state: 'todo',
    });
    expect(
      await check(endNewNode, { ...be, isAlone: false, isThrownAway: false }, { state: empty(be), rows: away }),
    ).toEqual({
      state: 'done',
    });
  });
});

describe('the process of a new node', () => {
  const params = { ...be, steadySeconds: 3 };
  const earlier = { kind: 'startNewNode', facts: { process: { pid: 7, startedAtTicks: '1' } } };
  const startedAt = new Date('2026-01-01T00:00:00Z');

  it('has to be the one that was started, and not one that came in its place', async () => {
    const stays = { running: { pid: 7, startedAtTicks: '1' }, earlier };
    expect(await check(awaitProcess, params, stays)).toMatchObject({ state: 'moving' });
    expect(await check(awaitProcess, params, { ...stays, startedAt })).toMatchObject({ state: 'done' });
    const other = { running: { pid: 8, startedAtTicks: '2' }, earlier, startedAt };
    expect(await check(awaitProcess, params, other)).toMatchObject(
      blocked(/has ended again, and process 8 was started/),
    );
    expect(await check(awaitProcess, params, { earlier, startedAt })).toMatchObject(blocked(/has ended again$/));
  });
});

describe('a place', () => {
  const state = installed(be, {
    isBegun: false,
    dirs: [be.deployDir, ...be.dataDirs].map((path) => dirOf(path, { owner: 'nobody', isEmpty: true })),
  });

  it('is not claimed in the directory of a known node, of the same address in another cluster too', async () => {
    expect(await check(claimPlace, be, { state })).toEqual({ state: 'todo' });
    expect(await check(claimPlace, be, { state, known: [inClusterAs('10.0.0.14')] })).toEqual({ state: 'todo' });
    const others = [inClusterAs('10.0.0.14', 9050, { clusterId: 'clu_2' }), inClusterAs('10.0.0.14', 9150)];
    for (const other of others)
      expect(await check(claimPlace, be, { state, known: [other] })).toMatchObject(
        blocked(/would be in the directory of/),
      );
  });
});

describe('the lane of a new node', () => {
  const lane = { stage: 'Add backends', name: be.label, width: 10 };
  const archive = { source: { kind: 'PATH' as const, location: '/a.tar.gz' }, sizeBytes: 1 };
  const start = { helper: null, hostType: 'IP' as const, isAlone: false, steadySeconds: 3 };

  it('claims before it brings anything, starts last, and is taken away newest first', () => {
    const node = { ...be, unit: 'starrocks-be.service' };
    const steps = newNodeLane({ node, unitText: '[Unit]\n' }, { archive, start, lane });
    expect(steps.map(({ kind }) => kind)).toEqual([
      ...['claimPlace', 'fetchArchive', 'unpackRelease', 'installNode', 'writeConf', 'writeNodeUnit', 'dropArchive'],
      ...['startNewNode', 'awaitProcess'],
    ]);
    expect(steps.every((step) => step.lane?.name === be.label)).toBe(true);
    const back = takenAway(node, start);
    expect(back.map(({ kind }) => kind)).toEqual(['endNewNode', 'removeNodeUnit', 'removeInstalled']);
    expect(takenAway(be, start).map(({ kind }) => kind)).toEqual(['endNewNode', 'removeInstalled']);
    expect(JSON.stringify([...back, ...takenAway(be, start)])).not.toContain('be_port = 9060');
  });

  it('writes no unit over another one', async () => {
    const named = { ...be, unit: 'starrocks-be.service', text: '[Unit]' };
    const unit = { sha256: 'x', isOurs: false };
    expect(await check(writeUnit, named, { state: installed(be, { unit }) })).toMatchObject({
      ...blocked(/^There is another unit starrocks-be\.service on 10\.0\.0\.14 than this run would write/),
      hint: expect.stringMatching(/\.$/),
    });
  });

  it('removes a unit only if this run wrote it', async () => {
    const named = { ...be, unit: 'starrocks-be.service' };
    const unit = { sha256: 'x', isOurs: true };
    expect(await check(removeUnit, named, { state: installed(be, { unit }) })).toEqual({ state: 'todo' });
    for (const other of [null, { ...unit, isOurs: false }])
      expect(await check(removeUnit, named, { state: installed(be, { unit: other }) })).toEqual({ state: 'done' });
  });
});
