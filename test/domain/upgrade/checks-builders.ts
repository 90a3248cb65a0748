import { nodeLabel } from '../../../src/domain/node-identity.ts';
import type { NodeOnHost, UpgradeFacts, UpgradeHost, UpgradeNode } from '../../../src/domain/upgrade/checks-facts.ts';
import type { Release } from '../../../src/domain/upgrade/release.ts';

const MiB = 1_048_576;
export const now = new Date('2026-01-02T00:00:00Z');

export function onHost(more: Partial<NodeOnHost> = {}): NodeOnHost {
  return {
    process: { pid: 100, startedAtTicks: '5000' },
    disk: { freeBytes: 100_000 * MiB, mountPoint: '/data' },
    swapProblem: null,
    serviceProblem: null,
    java: null,
    confText: 'JAVA_OPTS = --add-opens=java.base/java.util=ALL-UNNAMED\n',
    kept: [],
    ...more,
  };
}

type NodeMore = Partial<Omit<UpgradeNode, 'onHost'>> & { onHost?: UpgradeNode['onHost']; host?: string };

function node(kind: UpgradeNode['kind'], host: string, more: NodeMore): UpgradeNode {
  const place = { kind, host, port: kind === 'FRONTEND' ? 9010 : 9050 };
  const java = kind === 'FRONTEND' ? { version: '17.0.9', home: '/opt/jdk-17', hasCompiler: true } : null;
  return {
    ...place,
    httpPort: 8030,
    queryPort: kind === 'FRONTEND' ? 9030 : null,
    role: kind === 'FRONTEND' ? 'FOLLOWER' : null,
    alive: true,
    decommissioning: false,
    version: '3.4.10-1a2b3c4',
    startedAt: '2026-01-01 00:00:00',
    tabletCount: kind === 'BACKEND' ? 10 : null,
    maxDiskUsedPercent: null,
    errorMessage: null,
    label: nodeLabel(place),
    id: `nod_${host}`,
    hostId: `hst_${host}`,
    deployDir: kind === 'FRONTEND' ? '/opt/fe' : '/opt/be',
    unit: null,
    workerId: kind === 'FRONTEND' ? null : host,
    location: null,
    runningQueries: null,
    onHost: { value: onHost({ java }) },
    ...more,
  };
}

export const fe = (n: number, more: NodeMore = {}) => node('FRONTEND', `10.0.0.${n}`, more);
export const be = (n: number, more: NodeMore = {}) => node('BACKEND', `10.0.1.${n}`, more);

export function release(more: Partial<Release> = {}): Release {
  return {
    id: 'rel_1',
    version: '3.5.0',
    source: { kind: 'PATH', location: '/releases/StarRocks-3.5.0.tar.gz' },
    sha256: 'a'.repeat(64),
    sizeBytes: 3_000 * MiB,
    contents: ['FRONTEND', 'BACKEND'],
    minimumJdk: 17,
    registeredAt: now,
    registeredByName: 'ana',
    ...more,
  };
}

export function host(address: string, more: Partial<UpgradeHost> = {}): UpgradeHost {
  return {
    hostId: `hst_${address}`,
    address,
    runsFrontend: address.startsWith('10.0.0.'),
    look: { value: { clock: { aheadMs: 0, withinMs: 5 }, missingTools: [] } },
    ...more,
  };
}

/** Three frontends and three backends of which nothing is to be said. */
export function facts(more: Partial<UpgradeFacts> = {}): UpgradeFacts {
  const nodes = more.nodes ?? [fe(1, { role: 'LEADER' }), fe(2), fe(3), be(1), be(2), be(3)];
  return {
    now,
    clusterName: 'prod-eu',
    to: '3.5.0',
    release: release(),
    archive: { value: { sizeBytes: 3_000 * MiB, sha256: null, parts: null, problems: [] } },
    runMode: 'shared_nothing',
    nodes,
    hosts: nodes.map((each) => host(each.host)),
    replicas: {
      value: {
        databases: 1,
        tables: 2,
        tablets: 30,
        replicas: 90,
        unhealthyTablets: 0,
        inconsistentTablets: 0,
        cloningTablets: 0,
        errorStateTablets: 0,
      },
    },
    singleReplicaTables: { value: 0 },
    backupJobs: { value: [] },
    work: { value: { schemaChanges: [], loads: [] } },
    routineLoads: { value: 0 },
    runningQueries: { value: 3 },
    newestBackupAt: new Date(now.getTime() - 3_600_000),
    images: nodes
      .filter(({ kind }) => kind === 'FRONTEND')
      .map(({ label }) => ({
        label,
        image: { value: { journalId: 1_500, checkpointJournalId: 1_000, checkpointAt: now } },
      })),
    openUpgrades: [],
    ...more,
  };
}
