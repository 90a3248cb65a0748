import { describe, expect, it } from 'vitest';
import type { UpgradeNode } from '../../../src/domain/upgrade/checks-facts.ts';
import { frontendWaves, workerWaves } from '../../../src/operations/node/waves.ts';

function node(kind: UpgradeNode['kind'], host: string, more: Partial<UpgradeNode> = {}): UpgradeNode {
  return {
    kind,
    host,
    port: kind === 'FRONTEND' ? 9010 : 9050,
    httpPort: 8030,
    queryPort: null,
    role: null,
    alive: true,
    decommissioning: false,
    version: '3.4.6',
    startedAt: null,
    tabletCount: null,
    maxDiskUsedPercent: null,
    errorMessage: null,
    label: `${kind} ${host}`,
    id: `nod_${host}`,
    hostId: `hst_${host}`,
    deployDir: '/opt',
    unit: null,
    workerId: host,
    location: null,
    runningQueries: null,
    onHost: null,
    ...more,
  };
}

const backend = (host: string, location: string | null = null) => node('BACKEND', host, { location });
const shape = (waves: readonly { stage: string; width: number; nodes: readonly UpgradeNode[] }[]) =>
  waves.map(({ stage, width, nodes }) => `${stage} (${width}): ${nodes.map((each) => each.host).join(' ')}`);

describe('waves of backends', () => {
  const racks = [
    backend('b4', 'rack:r2'),
    backend('b3', 'rack:r2'),
    backend('b2', 'rack:r1'),
    backend('b1', 'rack:r1'),
    backend('b5', 'rack:r2'),
  ];

  it('begin with one canary and go on domain by domain', () => {
    const { canary, waves, notes } = workerWaves(racks, { parallel: 2, spread: [] });
    expect(canary?.host).toBe('b1');
    expect(shape(waves)).toEqual(['Backends in rack:r1 (1): b2', 'Backends in rack:r2 (2): b3 b4 b5']);
    expect(notes).toEqual([]);
  });

  it('never take more than one at a time of backends without a failure domain', () => {
    const { waves, notes } = workerWaves([backend('b1'), backend('b2'), backend('b3')], { parallel: 3, spread: [] });
    expect(shape(waves)).toEqual(['Backends (1): b2 b3']);
    expect(notes).toEqual([expect.stringContaining('without labels.location')]);
  });

  it('go one at a time in a domain that holds two replicas of some tablet', () => {
    const spread = [{ backends: ['b3', 'b4', 'b1'], replicas: 3, table: 'sales.orders' }];
    const { waves, notes } = workerWaves(racks, { parallel: 2, spread });
    expect(shape(waves)[1]).toBe('Backends in rack:r2 (1): b3 b4 b5');
    expect(notes).toEqual([expect.stringContaining('sales.orders')]);
  });

  it('go one at a time when nobody knows where the replicas are', () => {
    expect(shape(workerWaves(racks, { parallel: 2, spread: null }).waves)[1]).toBe('Backends in rack:r2 (1): b3 b4 b5');
  });

  it('sort addresses by number, and leave half of the compute nodes at work', () => {
    const computeNodes = ['c10', 'c9', 'c2', 'c1'].map((host) => node('COMPUTE_NODE', host));
    const { canary, waves } = workerWaves(computeNodes, { parallel: 8, spread: [] });
    expect(canary?.host).toBe('c1');
    expect(shape(waves)).toEqual(['Compute nodes (2): c2 c9 c10']);
  });

  it('are none for a cluster whose workers are all there already', () => {
    expect(workerWaves([], { parallel: 1, spread: null })).toEqual({ canary: null, waves: [], notes: [] });
  });
});

describe('waves of frontends', () => {
  it('take observers first and the leader last, one at a time', () => {
    const waves = frontendWaves([
      node('FRONTEND', 'f1', { role: 'LEADER' }),
      node('FRONTEND', 'f2', { role: 'FOLLOWER' }),
      node('FRONTEND', 'f3', { role: 'OBSERVER' }),
      node('FRONTEND', 'f4', { role: 'FOLLOWER' }),
    ]);
    expect(shape(waves)).toEqual(['Observers (1): f3', 'Followers, and the leader last (1): f2 f4 f1']);
  });
});
