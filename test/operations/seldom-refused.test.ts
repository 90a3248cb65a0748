import { describe, expect, it } from 'vitest';
import type { Reading } from '../../src/adapters/reading.ts';
import { trialDatabase } from '../../src/domain/deploy/trial-database.ts';
import { acceptHostKey } from '../../src/operations/host/accept-host-key/accept-host-key.ts';
import { detachHost } from '../../src/operations/host/detach-host/detach-host.ts';
import { chooseNodes } from '../../src/operations/node/input.ts';
import { soak } from '../../src/operations/node/steps/queries.ts';
import { planStart } from '../../src/operations/node/stop-nodes/way-back.ts';
import { recordNewHost } from '../../src/operations/topology/deploy-cluster/record-new.ts';
import { tryCluster } from '../../src/operations/topology/deploy-cluster/try-cluster.ts';
import type { EngineContext, Ports } from '../../src/steps/define.ts';
import { sampleOf } from '../helpers/step-samples.ts';
import { paperCluster, portsOf } from '../monitor/paper-cluster.ts';

/* Refusals that need a state which hardly a cluster is ever in; each is shown with its code and hint, and with what was sent: nothing. */

const clusterId = 'clu_01J00000000000000000000000';
const context: EngineContext = {
  ...{ runId: 'run_1', clusterId, signal: AbortSignal.timeout(20_000), now: () => new Date(0), log: () => {} },
  ...{ startedAt: null, attempts: 0, applied: false, waitingLanes: 0, earlier: async () => null },
};
const withHint = (code: string, message: RegExp) => ({
  ...{ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\w/) },
});

describe('of hosts', () => {
  type Given = Parameters<typeof acceptHostKey.observeAndPlan>;

  it('another key than the one that was vouched for', async () => {
    const { example } = acceptHostKey;
    const registration = { readHostKey: async () => ({ fingerprint: 'SHA256:other' }) } as unknown as Given[2];
    const plan = await acceptHostKey.observeAndPlan(example, {} as Given[1], registration);
    expect(plan).toEqual({
      refusals: [
        expect.objectContaining(
          withHint('HOST_KEY_CHANGED', /^10\.0\.0\.11:22 shows the key SHA256:other, not SHA256:47/),
        ),
      ],
    });
  });

  it('one through which others are reached', async () => {
    const host = { id: 'hst_1', address: '10.0.0.11', port: 22, jumpHostId: null };
    const inventory = {
      findHostByAddress: async () => host,
      listHosts: async () => [host, { ...host, id: 'hst_2', address: '10.0.0.12', jumpHostId: 'hst_1' }],
      listNodes: async () => [],
    };
    const plan = await detachHost.observeAndPlan(
      detachHost.example,
      { inventory } as unknown as Given[1],
      {} as Given[2],
    );
    expect(plan).toEqual({
      refusals: [
        expect.objectContaining(withHint('PRECONDITION_FAILED', /^10\.0\.0\.12:22 is reached through 10\.0\.0\.11:22/)),
      ],
    });
  });

  it('one that another cluster has under the same id by now', async () => {
    const ports = { inventory: { findHost: async () => ({ clusterId: 'clu_other' }) } } as unknown as Ports;
    expect(await recordNewHost.check(sampleOf(recordNewHost.kind).params, ports, context)).toMatchObject({
      state: 'blocked',
      ...withHint('ALREADY_EXISTS', /was attached to another cluster under the same id meanwhile$/),
    });
  });
});

describe('of nodes', () => {
  it.each([
    ['none that is named', {}, 'INVALID_INPUT', /^Which nodes are meant was not said$/],
    [
      'named in two ways',
      { kinds: ['BACKEND' as const], all: true },
      'INVALID_INPUT',
      /^Nodes are meant in more than one/,
    ],
    ['an id that nobody has', { nodeIds: ['nod_9'] }, 'NOT_FOUND', /^The cluster has no node nod_9$/],
    ['a kind that the cluster has not', { kinds: ['COMPUTE_NODE' as const] }, 'PRECONDITION_FAILED', /no such node$/],
  ])('%s', (_case, which, code, message) => {
    const nodes = [{ id: 'nod_1', kind: 'BACKEND' as const }];
    expect(chooseNodes(nodes, { kinds: [], all: false, ...which })).toEqual({ refusals: [withHint(code, message)] });
  });

  it('a restart that goes on while a node that it has not stopped went away', async () => {
    const cluster = paperCluster();
    const backends = cluster.backends.map((node, n) => ({ ...node, alive: n > 0 }));
    const { sql } = portsOf({ ...cluster, backends });
    expect(await soak.check(sampleOf(soak.kind).params, { sql } as unknown as Ports, context)).toMatchObject({
      state: 'blocked',
      ...withHint('POSTCHECK_FAILED', /^While the cluster was watched, 10\.0\.0\.11:9050 went away$/),
    });
  });

  it('the way back of a stop after others have stopped the same node again', async () => {
    const guard = { ...sampleOf('guardNode'), phase: 'do' as const, state: 'done' as const };
    const stop = { ...sampleOf('stopNode'), phase: 'do' as const, state: 'done' as const };
    const lane = { stage: 'Stop', name: 'a', width: 1 };
    const nodeId = String(guard.params.nodeId);
    const inventory = {
      listNodes: async () => [],
      listStoppedNodes: async () => [
        { nodeId, label: 'be a', runId: 'run_2', runNumber: 7, byName: 'Ada', at: new Date(0) },
      ],
    };
    const plan = await planStart({ inventory, clusterId } as unknown as Reading, {
      runId: 'run_1',
      steps: [
        { ...guard, lane },
        { ...stop, lane },
      ],
    });
    expect(plan).toEqual({
      refusals: [withHint('PRECONDITION_FAILED', /^Stopped again by others since: be a \(Ada, R-7\)$/)],
    });
  });
});

it('of a cluster that was just made: a database of somebody else where the trial would be', async () => {
  const sent: string[] = [];
  const sqlAs = () => ({
    query: async ({ text, effect }: { readonly text: string; readonly effect: string }) => {
      if (effect !== 'read') sent.push(text);
      if (/^SHOW DATABASES/.test(text)) return [{ Database: trialDatabase }];
      return /^SHOW TABLES/.test(text) ? [{ Tables: 'theirs' }] : [];
    },
  });
  const tried = tryCluster.apply(sampleOf(tryCluster.kind).params, { sqlAs } as unknown as Ports, context);
  await expect(tried).rejects.toMatchObject(withHint('PRECONDITION_FAILED', /^The database .* holds theirs$/));
  expect(sent).toEqual([]);
});
