import { describe, expect, it } from 'vitest';
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

describe('a node that is asked for', () => {
  it('by its id is where it was attached, with what runs it there', async () => {
    expect(await findAttached(inventory, 'nod_1')).toEqual({
      hostId: 'hst_1',
      place: { label: 'be 10.0.0.11:9050', kind: 'BACKEND', deployDir: '/opt/be', unit: 'starrocks-be.service' },
    });
  });

  it('by its place is the one of that very directory, and no neighbour on the same host', async () => {
    const found = await findAttached(inventory, { hostId: 'hst_1', deployDir: '/opt/be2' });
    expect(found.place).toMatchObject({ label: 'be 10.0.0.11:9051', deployDir: '/opt/be2', unit: null });
  });

  it.each([
    ['an id that nobody knows', 'nod_9', 'The node is not attached any more'],
    ['a node without a host', 'nod_3', 'be 10.0.0.11:9052 is not attached any more'],
    ['a directory of no node', { hostId: 'hst_1', deployDir: '/opt/be3' }, 'The node is not attached any more'],
    ['a host that nobody knows', { hostId: 'hst_9', deployDir: '/opt/be' }, 'The node is not attached any more'],
  ])('is refused for %s', async (_what, ref, message) => {
    await expect(findAttached(inventory, ref)).rejects.toMatchObject({ code: 'CREDENTIAL_MISSING', message });
  });
});
