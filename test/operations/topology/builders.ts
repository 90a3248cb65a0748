import type { ObservedNode } from '../../../src/domain/cluster.ts';
import type { HostSurvey, SurveyedPath } from '../../../src/domain/deploy/host-survey.ts';
import type { NewNodeFacts } from '../../../src/operations/topology/new-nodes/facts.ts';

export const version = '3.5.0';
/** As the nodes report it. */
export const reported = '3.5.0-48f4d81';
export const newHost = '10.9.0.1';
const gigabyte = 1024 ** 3;

const free: SurveyedPath = {
  ...{ exists: false, isDirectory: null, isEmpty: null, isWritable: true, mount: '/' },
  ...{ freeBytes: { value: 900 * gigabyte }, totalBytes: { value: 1000 * gigabyte }, medium: { value: 'SSD' } },
};
const limit = { value: { soft: 1_000_000, hard: 1_000_000 } };
/** A good machine, with nothing in the directories that new nodes are wanted in. */
const survey: Omit<HostSurvey, 'hostId' | 'address' | 'bootId'> = {
  ...{ user: 'sr', sudo: true, missingTools: [], addresses: { value: [] } },
  ...{ architecture: { value: 'x86_64' }, cpuCores: { value: 16 }, hasAvx2: { value: true } },
  ...{ memoryBytes: { value: 64 * gigabyte }, swapBytes: { value: 0 }, hugePages: { value: 'madvise' } },
  kernel: new Map(
    Object.entries({
      ...{ 'vm.overcommit_memory': 1, 'vm.swappiness': 0, 'vm.max_map_count': 262_144 },
      ...{ 'net.core.somaxconn': 4096, 'net.ipv4.tcp_abort_on_overflow': 1 },
    }).map(([key, value]) => [key, { value }]),
  ),
  ...{ openFiles: limit, userProcesses: limit, clock: { value: { aheadMs: 0, withinMs: 1 } } },
  java: { value: [{ home: '/usr/lib/jvm/17', version: '17.0.1', hasCompiler: true }] },
  ...{ listening: { value: [] }, nodes: { value: [] }, visibleNodes: [], places: [] },
  paths: new Map(
    ['/opt/sr/node', '/opt/sr/node/storage', '/data/meta', '/data/be'].map((path) => [path, { value: free }]),
  ),
};

/** An attached host on which nothing speaks against a node. */
export function wantedHost(address: string): NewNodeFacts['hosts'][number] {
  const id = `hst_${address}`;
  const host = {
    ...{ id, clusterId: 'clu_1', address, port: 22, user: 'sr' },
    ...{ auth: { kind: 'agent' as const }, hostKeyFingerprint: `SHA256:${address}`, jumpHostId: null },
    ...{ ssh: 'OK' as const, sudo: true, problem: null },
  };
  const value = { ...survey, hostId: id, address, bootId: { value: address } };
  return { address, attached: [host], resolved: [address], survey: { value } };
}

/** Everything that speaks for new nodes in a cluster of these. */
export function addingTo(nodes: readonly ObservedNode[], over: Partial<NewNodeFacts> = {}): NewNodeFacts {
  return {
    ...{ clusterId: 'clu_1', nodes, neighbours: [], version },
    hosts: [wantedHost(newHost)],
    release: {
      ...{ id: 'rel_1', version, sha256: 'a'.repeat(64), sizeBytes: null, minimumJdk: 11 },
      source: { kind: 'PATH', location: `StarRocks-${version}.tar.gz` },
      ...{ contents: ['FRONTEND', 'BACKEND'], registeredAt: new Date(0), registeredByName: 'Ada' },
    },
    ...over,
  };
}
