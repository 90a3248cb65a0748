import type { Selectable } from 'kysely';
import { z } from 'zod';
import {
  type CheckReport,
  type Cluster,
  type ClusterNode,
  type Host,
  type HostAuth,
  nodeKinds,
  type RemovedNode,
} from '../../domain/cluster.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';
import { readable } from '../readable.ts';
import { checksShape } from '../runs/run-rows.ts';

const seedsShape = z.array(z.object({ host: z.string(), port: z.number() }));
const tlsShape = z.object({ verify: z.boolean(), ca: z.string().nullable() });
const problemsShape = z.array(z.string());
// Made once: making a zod schema costs a hundred times as much as using it, and a list has thousands of rows.
const kindShape = z.enum(nodeKinds);
const sshShape = z.enum(['OK', 'FAILED']);
const authShape: z.ZodType<HostAuth> = z.union([
  z.object({ kind: z.literal('key'), privateKeyRef: z.string(), passphraseRef: z.string().nullable() }),
  z.object({ kind: z.literal('agent') }),
]);

const unreadable = ['What was stored about its problems cannot be read'];

export function toCluster(row: Selectable<Tables['cluster']>): Cluster {
  return {
    id: row.id,
    name: row.name,
    environment: row.environment,
    sqlUser: row.sql_user,
    passwordRef: row.password_ref,
    seeds: fromJson(seedsShape, row.seeds),
    tls: row.tls === null ? null : fromJson(tlsShape, row.tls),
    runMode: row.run_mode,
    observedAt: row.observed_at,
    // Each look writes it anew, and nothing rests on it.
    problems:
      readable(
        [row.problems],
        (text) => fromJson(problemsShape, text),
        () => undefined,
      )[0] ?? unreadable,
    createdAt: row.created_at,
  };
}

export function toNode(row: Selectable<Tables['cluster_node']>): ClusterNode {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    kind: kindShape.parse(row.kind),
    host: row.host,
    port: row.port,
    httpPort: row.http_port,
    queryPort: row.query_port,
    role: row.role,
    alive: row.alive === 1,
    decommissioning: row.decommissioning === 1,
    version: row.version,
    startedAt: row.started_at,
    tabletCount: row.tablet_count,
    maxDiskUsedPercent: row.max_disk_used_percent,
    errorMessage: row.error_message,
    location: row.location,
    observedAt: row.observed_at,
    hostId: row.host_id,
    deployDir: row.deploy_dir,
    unit: row.unit,
  };
}

const dataDirsShape = z.array(z.string());
const identitiesShape = z.record(z.string(), z.string());

export function toRemovedNode(row: Selectable<Tables['removed_node']>): RemovedNode {
  const { host_id: hostId, deploy_dir: deployDir, unit } = row;
  return {
    id: row.id,
    clusterId: row.cluster_id,
    kind: kindShape.parse(row.kind),
    host: row.host,
    port: row.port,
    place: hostId === null || deployDir === null ? null : { hostId, deployDir, unit },
    dataDirs: fromJson(dataDirsShape, row.data_dirs),
    identities: fromJson(identitiesShape, row.identities),
    processEnded: row.process_ended === null ? null : row.process_ended === 1,
    removedAt: row.removed_at,
    runId: row.run_id,
    purgedAt: row.purged_at,
  };
}

export function toHost(row: Selectable<Tables['host']>): Host {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    address: row.address,
    port: row.port,
    user: row.user,
    auth: fromJson(authShape, row.auth),
    hostKeyFingerprint: row.host_key_fingerprint,
    jumpHostId: row.jump_host_id,
    ssh: row.ssh === null ? null : sshShape.parse(row.ssh),
    sudo: row.sudo === null ? null : row.sudo === 1,
    problem: row.problem,
  };
}

export function toReport(row: Selectable<Tables['check_report']>): CheckReport {
  return {
    id: row.id,
    clusterId: row.cluster_id,
    runId: row.run_id,
    at: row.at,
    checks: fromJson(checksShape, row.checks),
  };
}
