import { type NamedCheck, worstOf } from './verdict.ts';

export const nodeKinds = ['FRONTEND', 'BACKEND', 'COMPUTE_NODE'] as const;
export type NodeKind = (typeof nodeKinds)[number];

export type FrontendAddress = { readonly host: string; readonly port: number };

export type TlsSettings = { readonly verify: boolean; readonly ca: string | null };

/** A cluster as Starwarden remembers it. Secrets are references (`secret:sec_…`), never values. */
export type Cluster = {
  readonly id: string;
  readonly name: string;
  /** A label such as `prod` or `dev`; rules of approval and role bindings refer to it. */
  readonly environment: string;
  readonly sqlUser: string;
  readonly passwordRef: string;
  /** Frontends (query port) given at registration; the ones found later are among the nodes. */
  readonly seeds: readonly FrontendAddress[];
  readonly tls: TlsSettings | null;
  /** `shared_nothing` or `shared_data`; null until a frontend was asked. */
  readonly runMode: string | null;
  /** When the cluster last answered; null = never yet. */
  readonly observedAt: Date | null;
  /** Why the stored picture may be stale or incomplete, as sentences. */
  readonly problems: readonly string[];
  readonly createdAt: Date;
};

/** A node as it was last seen in `SHOW FRONTENDS`, `SHOW BACKENDS` or `SHOW COMPUTE NODES`. */
export type ObservedNode = {
  readonly kind: NodeKind;
  /** The exact text of the `IP` column; statements about the node must send it back unchanged. */
  readonly host: string;
  /** Edit-log port of a frontend, heartbeat port of a backend or compute node: with `host`, the node's identity. */
  readonly port: number;
  readonly httpPort: number | null;
  /** Frontends only. */
  readonly queryPort: number | null;
  /** LEADER, FOLLOWER, OBSERVER; null for backends and compute nodes. */
  readonly role: string | null;
  readonly alive: boolean;
  readonly decommissioning: boolean;
  readonly version: string | null;
  readonly startedAt: string | null;
  readonly tabletCount: number | null;
  /** Disk use in percent of the fullest disk; backends only. */
  readonly maxDiskUsedPercent: number | null;
  /** The cluster's own text, when the percentage cannot be read. Not kept in the inventory. */
  readonly unreadDiskUse?: string;
  readonly errorMessage: string | null;
  /** `rack:r1`, the failure domain by `labels.location`; backends only. Null = none, or a version before 3.2.8. */
  readonly location: string | null;
};

export type ClusterNode = ObservedNode & {
  readonly id: string;
  readonly clusterId: string;
  readonly observedAt: Date;
  /** Set by `attachHosts`: the host of the node's processes and files. */
  readonly hostId: string | null;
  readonly deployDir: string | null;
  /** The systemd unit that runs the node, e.g. `starrocks-be.service`; null = StarRocks' own scripts do. */
  readonly unit: string | null;
};

/**
 * The name of a cluster, or an environment label, as it is stored, from what was typed: both are lower case without
 * blanks around.
 */
export function labelAsMeant(typed: string): string {
  return typed.trim().toLowerCase();
}

export type HostAuth =
  | { readonly kind: 'key'; readonly privateKeyRef: string; readonly passphraseRef: string | null }
  | { readonly kind: 'agent' };

/** A machine reached by SSH. */
export type Host = {
  readonly id: string;
  readonly clusterId: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth: HostAuth;
  readonly hostKeyFingerprint: string | null;
  readonly jumpHostId: string | null;
  /** The result of the last login; null = none was tried yet. */
  readonly ssh: 'OK' | 'FAILED' | null;
  readonly sudo: boolean | null;
  readonly problem: string | null;
};

/** How far Starwarden can act on a cluster. */
export type Capability = 'SQL_ONLY' | 'SSH' | 'SUDO';

/** `SSH` when every node has a host that answered, `SUDO` when root is available on all of them too. */
export function capabilityOf(nodes: readonly ClusterNode[], hosts: readonly Host[]): Capability {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const attached = nodes.map((node) => (node.hostId === null ? undefined : byId.get(node.hostId)));
  if (nodes.length === 0 || attached.some((host) => host?.ssh !== 'OK')) return 'SQL_ONLY';
  return attached.every((host) => host?.sudo === true) ? 'SUDO' : 'SSH';
}

/**
 * A node that a run of ours took out of its cluster: where its files are, until they are purged. The inventory of nodes
 * has only those that are in the cluster.
 */
export type RemovedNode = {
  readonly id: string;
  readonly clusterId: string;
  readonly kind: NodeKind;
  /** The text of the `IP` column, and the edit-log or heartbeat port, as the cluster had them. */
  readonly host: string;
  readonly port: number;
  /** Null = it was not attached, so nobody can look there. */
  readonly place: { readonly hostId: string; readonly deployDir: string; readonly unit: string | null } | null;
  /** `meta_dir` of a frontend, the paths of `storage_root_path` of a backend, as its conf file named them. */
  readonly dataDirs: readonly string[];
  /** Whose each of them said it was while the node still ran, by its path; one that said nothing is left out. */
  readonly identities: Readonly<Record<string, string>>;
  /** Whether its process was seen to have ended; null = nobody looked. */
  readonly processEnded: boolean | null;
  readonly removedAt: Date;
  /** The run that took it out. */
  readonly runId: string;
  readonly purgedAt: Date | null;
};

/** A node that a run of ours stopped on purpose, until it is started again by anybody. */
export type StoppedNode = {
  readonly nodeId: string;
  /** `be 10.0.0.11:9050` */
  readonly label: string;
  readonly runId: string;
  readonly runNumber: number;
  /** Who asked for that run. */
  readonly byName: string;
  readonly at: Date;
};

/** A report of named checks on a cluster. */
export type CheckReport = {
  readonly id: string;
  readonly clusterId: string;
  readonly runId: string;
  readonly at: Date;
  readonly checks: readonly NamedCheck[];
};

/**
 * The word for the whole report: a failed BLOCK check makes it CRITICAL, a failed WARN check DEGRADED. UNKNOWN where
 * nothing was observed that could tell.
 */
export function healthWord(checks: readonly NamedCheck[]): 'HEALTHY' | 'DEGRADED' | 'CRITICAL' | 'UNKNOWN' {
  const words = { BLOCK: 'CRITICAL', WARN: 'DEGRADED', UNKNOWN: 'UNKNOWN', NOTHING: 'HEALTHY' } as const;
  return words[worstOf(checks)];
}
