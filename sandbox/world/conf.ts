import { join } from 'node:path';
import type { NodeKind, PlannedHost, PlannedNode, WorldPlan } from './plan.ts';

/** The text of a node's conf file as an operator would write it; no key in it that only the stand-in knows. */
export function confText(node: PlannedNode, plan: WorldPlan): string {
  const own = node.kind === 'fe' ? frontendLines(node) : backendLines(node);
  const lines = [
    ...own,
    `priority_networks = ${networkOf(node.address)}`,
    ...extraLines(plan, [node.kind, node.name], false),
    ...ownSettings(node, plan),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * What the stand-in is told on a host, whoever installs a node of this kind there: by the host's environment, since it is no
 * business of a conf file.
 */
export function settingsText(
  kind: NodeKind,
  { name, address }: Pick<PlannedHost, 'name' | 'address'>,
  plan: WorldPlan,
): string {
  const { speed, files } = plan;
  const lines = [
    `sandbox_address = ${address}`,
    `sandbox_speed = ${speed}`,
    `sandbox_statement_log = ${files.statements}`,
    `sandbox_faults = ${files.faults}`,
    `sandbox_object_store = ${files.objectStore}`,
    ...extraLines(plan, [kind, name], true),
  ];
  return `${lines.join('\n')}\n`;
}

/** The directory of a host with one file of settings for each kind of node. */
export function settingsDirOf({ hostDir }: Pick<PlannedHost, 'hostDir'>): string {
  return join(hostDir, 'sandbox');
}

type JavaPlace = Pick<PlannedHost, 'hostDir' | 'java'>;

/** What JAVA_HOME of a node says: the newest JDK of its host unless the plan says otherwise. */
export function javaHomeOf(node: JavaPlace): string {
  return join(jvmDirOf(node), `jdk-${node.java?.home ?? Math.max(...jdksOf(node))}`);
}

export function jvmDirOf(node: Pick<JavaPlace, 'hostDir'>): string {
  return join(node.hostDir, 'usr', 'lib', 'jvm');
}

/** A host carries an older JDK as well, so that a wrong choice can be seen to fail. */
export function jdksOf(node: Pick<JavaPlace, 'java'>): readonly number[] {
  return node.java?.installed ?? [11, 17];
}

function frontendLines(node: PlannedNode): string[] {
  const { ports } = node;
  return [
    `LOG_DIR = \${STARROCKS_HOME}/log`,
    `JAVA_HOME = ${javaHomeOf(node)}`,
    'JAVA_OPTS = "-Xmx8192m"',
    'sys_log_level = INFO',
    `http_port = ${ports.http}`,
    `rpc_port = ${ports.rpc}`,
    `query_port = ${ports.query}`,
    `edit_log_port = ${ports.editLog}`,
    `meta_dir = ${join(node.dataDir, 'meta')}`,
  ];
}

function backendLines(node: PlannedNode): string[] {
  const { ports } = node;
  return [
    `JAVA_HOME = ${javaHomeOf(node)}`,
    'sys_log_level = INFO',
    `be_port = ${ports.backend}`,
    `be_http_port = ${ports.backendHttp}`,
    `heartbeat_service_port = ${ports.heartbeat}`,
    `brpc_port = ${ports.brpc}`,
    `starlet_port = ${ports.starlet}`,
    `storage_root_path = ${join(node.dataDir, 'storage')}`,
  ];
}

/** Where several nodes share a host, what is said of one of them stands in its conf file, which comes first. */
function ownSettings(node: PlannedNode, plan: WorldPlan): string[] {
  return node.name === node.host ? [] : extraLines(plan, [node.name], true);
}

function extraLines({ conf }: WorldPlan, names: readonly string[], isForStandIn: boolean): string[] {
  return names
    .flatMap((name) => Object.entries(conf[name] ?? {}))
    .filter(([key]) => key.startsWith('sandbox_') === isForStandIn)
    .map(([key, value]) => `${key} = ${value}`);
}

function networkOf(address: string): string {
  return address.replace(/\.\d+$/, '.0/24');
}
