import { join } from 'node:path';
import type { PlannedNode, WorldPlan } from './plan.ts';

/** The text of a node's conf file as an operator would write it, then the keys that only the stand-in knows. */
export function confText(node: PlannedNode, plan: WorldPlan): string {
  const own = node.kind === 'fe' ? frontendLines(node, plan) : backendLines(node, plan);
  const lines = [...own, `priority_networks = ${networkOf(node.address)}`, '', ...standInLines(node, plan)];
  return `${lines.join('\n')}\n`;
}

/** What JAVA_HOME of a node says: the newest JDK of its host unless the plan says otherwise. */
export function javaHomeOf(node: PlannedNode): string {
  return join(jvmDirOf(node), `jdk-${node.java?.home ?? Math.max(...jdksOf(node))}`);
}

export function jvmDirOf(node: PlannedNode): string {
  return join(node.hostDir, 'usr', 'lib', 'jvm');
}

/** A host carries an older JDK as well, so that a wrong choice can be seen to fail. */
export function jdksOf(node: PlannedNode): readonly number[] {
  return node.java?.installed ?? [11, 17];
}

function frontendLines(node: PlannedNode, { ports }: WorldPlan): string[] {
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

function backendLines(node: PlannedNode, { ports }: WorldPlan): string[] {
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

function standInLines(node: PlannedNode, { speed, files, conf }: WorldPlan): string[] {
  return [
    '# Keys of the sandbox; a real node knows none of them.',
    `sandbox_address = ${node.address}`,
    `sandbox_speed = ${speed}`,
    `sandbox_statement_log = ${files.statements}`,
    `sandbox_faults = ${files.faults}`,
    `sandbox_object_store = ${files.objectStore}`,
    ...Object.entries(conf[node.kind] ?? {}).map(([key, value]) => `${key} = ${value}`),
  ];
}

function networkOf(address: string): string {
  return address.replace(/\.\d+$/, '.0/24');
}
