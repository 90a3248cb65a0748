import { describe, expect, it } from 'vitest';
import type { NodeRef } from '../../src/adapters/nodes/port.ts';
import { findAttached } from '../../src/app/attached-node.ts';
import type { ClusterNode, Host } from '../../src/domain/cluster.ts';

const node: ClusterNode = {
  id: 'nod_1',
  clusterId: 'clu_1',
  kind: 'BACKEND',
  host: '10.0.0.11',
  port: 9050,
  httpPort: 8040,
  queryPort: null,
  role: null,
  alive: true,
  decommissioning: false,
  version: '3.4.1',
  startedAt: null,
  tabletCount: 0,
  maxDiskUsedPercent: null,
  location: null,
  errorMessage: null,
  observedAt: new Date(0),
  hostId: 'hst_1',
  deployDir: '/opt/be',
  unit: 'starrocks-be.service',
};
const neighbour: ClusterNode = { ...node, id: 'nod_2', port: 9051, deployDir: '/opt/be2', unit: null };
const unattached: ClusterNode = { ...node, id: 'nod_3', port: 9052, hostId: null, deployDir: null, unit: null };
const nodes = [neighbour, node, unattached];
const host: Host = {
  id: 'hst_1',
  clusterId: 'clu_1',
  address: '10.0.0.11',
  port: 22,
  user: 'starrocks',
  auth: { kind: 'agent' },
  hostKeyFingerprint: 'SHA256:x',
  jumpHostId: null,
  ssh: 'OK',
  sudo: false,
  problem: null,
};

const inventory = {
  findNode: async (id: string) => nodes.find((each) => each.id === id) ?? null,
  findHost: async (id: string) => (id === host.id ? host : null),
  listNodes: async (clusterId: string) => nodes.filter((each) => each.clusterId === clusterId),
};

/** As a plan knows it. */
const planned: NodeRef = { nodeId: 'nod_1', label: 'be 10.0.0.11:9050', hostId: 'hst_1', deployDir: '/opt/be' };

describe('a node that is asked for', () => {
  it('is where it was attached, with what runs it there now', async () => {
    expect(await findAttached(inventory, { ...planned, deployDir: '/opt/before', unit: null })).toEqual({
      hostId: 'hst_1',
      place: { label: 'be 10.0.0.11:9050', kind: 'BACKEND', deployDir: '/opt/be', unit: 'starrocks-be.service' },
    });
  });

  it('by its place alone is the one of that very directory, and no neighbour on the same host', async () => {
    const found = await findAttached(inventory, { label: 'be', hostId: 'hst_1', deployDir: '/opt/be2' });
    expect(found.place).toMatchObject({ label: 'be 10.0.0.11:9051', deployDir: '/opt/be2', unit: null });
  });

  it('and came back to the cluster as another one is found by its directory', async () => {
    const found = await findAttached(inventory, { ...planned, nodeId: 'nod_9' });
    expect(found.place).toMatchObject({ label: 'be 10.0.0.11:9050', unit: 'starrocks-be.service' });
  });

  it.each([
    ['an id that nobody knows', { nodeId: 'nod_9', deployDir: '/opt/be3' }],
    ['a node that nobody attached again', { nodeId: 'nod_3', deployDir: '/opt/be3' }],
    ['a directory of no node', { nodeId: undefined, deployDir: '/opt/be3' }],
  ])('is taken to be where the plan had it, for %s, if the plan says what it is', async (_what, at) => {
    const { nodeId, ...rest } = { ...planned, ...at };
    const ref: NodeRef = { ...rest, ...(nodeId === undefined ? {} : { nodeId }), kind: 'BACKEND', unit: 'be.service' };
    expect(await findAttached(inventory, ref)).toEqual({
      hostId: 'hst_1',
      place: { label: 'be 10.0.0.11:9050', kind: 'BACKEND', deployDir: '/opt/be3', unit: 'be.service' },
    });
  });

  it.each([
    ['a plan that does not say what it is', { nodeId: 'nod_9', deployDir: '/opt/be3' }],
    ['a host that nobody knows any more', { nodeId: 'nod_9', hostId: 'hst_9', kind: 'BACKEND' }],
  ] as const)('is refused by its name for %s', async (_what, at) => {
    await expect(findAttached(inventory, { ...planned, ...at })).rejects.toMatchObject({
      code: 'CREDENTIAL_MISSING',
      message: 'be 10.0.0.11:9050 is not attached any more',
    });
  });
});
