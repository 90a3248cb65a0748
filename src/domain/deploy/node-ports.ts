import type { NodeKind } from '../cluster.ts';

const worker = {
  be_port: 9060,
  be_http_port: 8040,
  heartbeat_service_port: 9050,
  brpc_port: 8060,
  starlet_port: 9070,
} as const;

/** Every port that a node listens on, by its key in the conf file, with StarRocks' default (reference §1). */
export const nodePorts = {
  FRONTEND: { http_port: 8030, rpc_port: 9020, query_port: 9030, edit_log_port: 9010, cloud_native_meta_port: 6090 },
  BACKEND: worker,
  COMPUTE_NODE: worker,
} as const satisfies Record<NodeKind, Readonly<Record<string, number>>>;

/** The port that tells nodes of a machine apart: edit-log port of a frontend, heartbeat port of the others. */
export const identityPorts = {
  FRONTEND: 'edit_log_port',
  BACKEND: 'heartbeat_service_port',
  COMPUTE_NODE: 'heartbeat_service_port',
} as const satisfies Record<NodeKind, string>;

/** Another name under which StarRocks knows a key, in all versions (be/src/common/config.h). */
export const portAliases: Readonly<Record<string, string>> = { be_http_port: 'webserver_port' };
