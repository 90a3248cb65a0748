import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownAddress } from '../starrocks/address.ts';
import { parseConf } from '../starrocks/conf.ts';
import { readRelease } from '../starrocks/release.ts';
import { settingsDirOf } from './conf.ts';
import { type RunnableNode, runningNode } from './nodes.ts';
import type { NodeKind, PlannedHost, WorldPlan } from './plan.ts';

/** A node by its name, if the world was seeded with it; one that came later by its host and where it was unpacked. */
export type NodeRef = string | { readonly host: string; readonly deployDir: string };

/** A node as its directories show it, whether or not it runs, and whoever installed it. */
export type InstalledNode = {
  readonly kind: NodeKind;
  readonly host: string;
  readonly deployDir: string;
  /** What its conf file would make it bind to and be known by. */
  readonly address: string;
  /** Of the binaries in `lib/`. */
  readonly version: string;
  /** By their keys in the conf file, defaults included. */
  readonly ports: Readonly<Record<string, number>>;
  /** `meta_dir`, or the paths of `storage_root_path`. */
  readonly dataDirs: readonly string[];
  readonly pid: number | null;
  /** As a fault rule names it: `frontend: address` or `backend: address:heartbeat port`. */
  readonly faultPlace: { readonly frontend: string } | { readonly backend: string };
};

const defaultPorts = {
  fe: { http_port: 8030, rpc_port: 9020, query_port: 9030, edit_log_port: 9010 },
  be: { be_port: 9060, be_http_port: 8040, heartbeat_service_port: 9050, brpc_port: 8060, starlet_port: 9070 },
} as const;

/** The node that a reference means, enough to start or kill it. */
export function findNode(ref: NodeRef, { hosts, nodes }: WorldPlan): RunnableNode {
  if (typeof ref === 'string') {
    const found = nodes.find(({ name }) => name === ref);
    if (found !== undefined) return found;
    throw new Error(`there is no ${ref}; there are ${nodes.map(({ name }) => name).join(', ')}`);
  }
  const { deployDir } = ref;
  const host = hosts.find(({ name, address }) => name === ref.host || address === ref.host);
  if (host === undefined) throw new Error(`there is no host ${ref.host}`);
  const kind = kindOf(deployDir);
  return { name: `${kind} in ${deployDir} on ${host.name}`, kind, hostDir: host.hostDir, deployDir };
}

/** Looks at one node. */
export function describeNode(ref: NodeRef, plan: WorldPlan): InstalledNode {
  const node = findNode(ref, plan);
  const { kind, deployDir, hostDir } = node;
  const file = `${kind}.conf`;
  const read = (path: string) => [...parseConf(readFileSync(path, 'utf8'))];
  const conf = new Map([...read(join(settingsDirOf(node), file)), ...read(join(deployDir, 'conf', file))]);
  const path = (text: string) => text.replaceAll(/\$\{?STARROCKS_HOME\}?/g, deployDir);
  const defaults = Object.entries(defaultPorts[kind === 'fe' ? 'fe' : 'be']);
  const ports = Object.fromEntries(defaults.map(([key, value]) => [key, Number(conf.get(key) ?? value)]));
  const data =
    kind === 'fe'
      ? (conf.get('meta_dir') ?? `${deployDir}/meta`)
      : (conf.get('storage_root_path') ?? `${deployDir}/storage`);
  const address = ownAddress(conf);
  return {
    kind,
    host: plan.hosts.find((host) => host.hostDir === hostDir)?.name ?? '',
    deployDir,
    address,
    version: readRelease(deployDir).version,
    ports,
    dataDirs: data.split(';').map((one) => path(one.split(',')[0]?.trim() ?? '')),
    pid: runningNode(node)?.pid ?? null,
    faultPlace: kind === 'fe' ? { frontend: address } : { backend: `${address}:${ports.heartbeat_service_port}` },
  };
}

/** Every node that is unpacked below `/opt` of a host now, at most four directories deep. */
export function nodesOnHost({ name, diskDir }: PlannedHost, plan: WorldPlan): InstalledNode[] {
  return homesBelow(diskDir, 4).map((deployDir) => describeNode({ host: name, deployDir }, plan));
}

function homesBelow(dir: string, depth: number): string[] {
  if (existsSync(join(dir, 'lib', 'starrocks-release.json'))) return existsSync(join(dir, 'conf')) ? [dir] : [];
  if (depth === 0) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => homesBelow(join(dir, entry.name), depth - 1));
}

/** A compute node is unpacked from the package of a backend: what has run there, or else is configured there, tells them apart. */
function kindOf(deployDir: string): NodeKind {
  if (existsSync(join(deployDir, 'bin', 'start_fe.sh'))) return 'fe';
  const traces = ['bin/cn.pid', 'log/cn.out', 'log/cn.INFO'].some((file) => existsSync(join(deployDir, file)));
  return traces && !existsSync(join(deployDir, 'bin', 'be.pid')) ? 'cn' : 'be';
}
