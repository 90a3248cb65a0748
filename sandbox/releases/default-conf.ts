/** The configuration files as a release ships them: every key at its default, to be edited before the first start. */
export const frontendConf = `# Keys in capitals are exported to the scripts; all others are read by the frontend.
LOG_DIR = \${STARROCKS_HOME}/log
# JAVA_HOME = /usr/lib/jvm/jdk-17
JAVA_OPTS = "-Xmx8192m"

sys_log_level = INFO
# meta_dir = \${STARROCKS_HOME}/meta
http_port = 8030
rpc_port = 9020
query_port = 9030
edit_log_port = 9010
# priority_networks = 10.10.10.0/24;192.168.0.0/16
`;

export const backendConf = `# Keys in capitals are exported to the scripts; all others are read by the backend.
sys_log_level = INFO
be_port = 9060
be_http_port = 8040
heartbeat_service_port = 9050
brpc_port = 8060
starlet_port = 9070
# priority_networks = 10.10.10.0/24;192.168.0.0/16
# storage_root_path = \${STARROCKS_HOME}/storage
`;

export const computeNodeConf = `# Keys in capitals are exported to the scripts; all others are read by the compute node.
sys_log_level = INFO
be_port = 9060
be_http_port = 8040
heartbeat_service_port = 9050
brpc_port = 8060
starlet_port = 9070
# storage_root_path = \${STARROCKS_HOME}/storage
`;
