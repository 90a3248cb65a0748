import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClusterNode } from '../../../src/domain/cluster.ts';
import { AppError } from '../../../src/errors.ts';
import { labelBackend } from '../../../src/operations/node/set-node-location/label-backend.ts';
import { guardNode } from '../../../src/operations/node/steps/guard-node.ts';
import { noteProcess } from '../../../src/operations/node/steps/note-process.ts';
import { startNode } from '../../../src/operations/node/steps/power.ts';
import type { Ports } from '../../../src/steps/define.ts';
import { paperCluster, portsOf } from '../../monitor/paper-cluster.ts';

const node = {
  ...{ nodeId: 'nod_9', label: 'be 10.0.0.19:9050', kind: 'BACKEND' as const, host: '10.0.0.19', port: 9050 },
  ...{ hostId: 'hst_1', deployDir: '/opt/be', unit: null },
};
const place = { ...node, stopTimeoutSeconds: 60, hasTablets: true, gateTimeoutSeconds: 60 };

describe('the guard of a shutdown', () => {
  it('lets no node go that has left the cluster, and does not so much as look at what runs there', async () => {
    const { sql } = portsOf(paperCluster());
    const ports: Partial<Ports> = {
      sql: { query: (statement, call) => sql.query({ ...statement, effect: 'read' }, call) },
      node: async () => {
        throw new Error('the host was asked');
      },
    };
    const context = {
      ...{ clusterId: 'clu_1', runId: 'run_1', signal: AbortSignal.timeout(5_000), now: () => new Date(0) },
      ...{ log: () => {}, startedAt: null, attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null },
    };
    const params = { ...place, mates: [], workersOn: null, frontendsOn: null, maySilent: true, whole: true };
    expect(await guardNode.check(params, ports as Ports, context)).toMatchObject({
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: 'It is not in the cluster any more',
    });
  });
});

describe('a start', () => {
  it('takes back before its first try that the node is stopped on purpose', () => {
    const { params } = startNode.with({ ...node, version: '3.4.6' });
    expect(startNode.recordsBefore(params)).toEqual([{ record: 'nodeStarted', nodeId: 'nod_9' }]);
  });
});

describe('the look before a node that failed is put back', () => {
  const process = { pid: 4711, startedAt: 1 };
  const frontend = { ...place, label: 'fe 10.0.0.1:9010', kind: 'FRONTEND' as const, host: '10.0.0.1', port: 9010 };
  const silent: Ports['sql'] = {
    query: async () => {
      throw new AppError('SQL_UNREACHABLE', 'no frontend of the cluster answered', { retryable: true });
    },
  };

  /** Looks at these times, in seconds, until the step is over. */
  async function lookAt(
    seconds: readonly number[],
    given: { params: Parameters<typeof noteProcess.with>[0]; runs?: boolean; frontends?: number; sql?: Ports['sql'] },
  ) {
    const voters = Array.from({ length: given.frontends ?? 3 }, (_, at) => ({
      ...{ kind: 'FRONTEND', role: 'FOLLOWER', host: `10.0.0.${at + 1}`, port: 9010 },
    }));
    const ports = {
      sql: given.sql ?? silent,
      node: async () => ({ process: async () => (given.runs === false ? null : process) }),
      inventory: { listNodes: async () => voters as unknown as ClusterNode[] },
    } as unknown as Ports;
    const logged: string[] = [];
    let memo: { memo?: Record<string, never> } = {};
    for (const second of seconds) {
      const found = await noteProcess.check(given.params, ports, {
        ...{ clusterId: 'clu_1', runId: 'run_1', signal: AbortSignal.timeout(5_000) },
        ...{ now: () => new Date(second * 1_000), log: (line: string) => void logged.push(line), startedAt: null },
        ...{ attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null, ...memo },
      });
      if (found.state !== 'moving') return { ...found, at: second, logged };
      memo = found.progress.memo === undefined ? {} : { memo: JSON.parse(JSON.stringify(found.progress.memo)) };
    }
    return { state: 'moving' as const, logged };
  }

  it('leaves a backend running that the cluster tells nothing about, and says what was seen and what was not', async () => {
    expect(await lookAt([0, 30, 89, 91], { params: place })).toMatchObject({
      state: 'blocked',
      at: 91,
      code: 'SQL_UNREACHABLE',
      message:
        'Whether be 10.0.0.19:9050 may be stopped cannot be seen: no frontend of the cluster answered; the cluster has told nothing for 91 s. Seen on its host: it runs as process 4711, and was left running',
    });
  });

  it('puts a frontend back whose absence explains the silence, and no other one', async () => {
    for (const frontends of [1, 2])
      expect(await lookAt([0, 91], { params: frontend, frontends })).toMatchObject({
        state: 'done',
        facts: { process },
        logged: [expect.stringContaining('without this frontend there is no majority')],
      });
    expect(await lookAt([0, 91], { params: frontend, frontends: 3 })).toMatchObject({ state: 'blocked' });
  });

  it('goes on at once where nothing runs that would have to be stopped', async () => {
    expect(await lookAt([0], { params: place, runs: false })).toMatchObject({
      state: 'done',
      facts: { process: null },
    });
  });

  it('never waits longer than the bound, and never calls done what nobody could see', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }), async (gaps) => {
        const times = [0, ...gaps.map((_, at) => gaps.slice(0, at + 1).reduce((sum, gap) => sum + gap))];
        const end = await lookAt(times, { params: place });
        const bound = times.find((time) => time >= 90);
        expect(end).toMatchObject(bound === undefined ? { state: 'moving' } : { state: 'blocked', at: bound });
      }),
      { numRuns: 100 },
    );
  });
});

describe('the label of a backend', () => {
  const context = {
    ...{ clusterId: 'clu_1', runId: 'run_1', signal: AbortSignal.timeout(5_000), now: () => new Date(0) },
    ...{ log: () => {}, startedAt: null, attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null },
  };
  const params = {
    ...{ nodeId: 'nod_1', label: 'be 10.0.0.11:9050', host: '10.0.0.11', port: 9050 },
    ...{ before: 'rack: old one', location: 'rack:r1' },
  };

  it.each([
    ['rack: old one', { state: 'todo' }],
    ['rack:r1', { state: 'done' }],
    ['rack:r7', { state: 'blocked', code: 'PRECONDITION_FAILED', message: expect.stringContaining('somebody else') }],
    ['', { state: 'blocked', message: expect.stringContaining('stands in no place now') }],
  ])('that is %j now is judged by what it was when the plan was made', async (now, expected) => {
    const { sql } = portsOf(paperCluster());
    const ports: Partial<Ports> = {
      sql: {
        query: async (statement, call) => {
          const rows = await sql.query({ ...statement, effect: 'read' }, call);
          return statement.name === 'show-backends' ? rows.map((row) => ({ ...row, Location: now })) : rows;
        },
      },
    };
    expect(await labelBackend.check(params, ports as Ports, context)).toMatchObject(expected);
  });
});
