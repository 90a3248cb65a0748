import type { Conf } from '../conf.ts';
import type { Release } from '../release.ts';

export type ConfigItem = {
  key: string;
  aliases: string[];
  value: string;
  type: 'boolean' | 'int' | 'long' | 'double' | 'String' | 'String[]';
  mutable: boolean;
  comment: string;
};

/** The settings of one frontend process as ADMIN SHOW FRONTEND CONFIG prints them. */
export type FrontendConfig = {
  items(): ConfigItem[];
  get(key: string): string;
  number(key: string): number;
  flag(key: string): boolean;
  /** False when there is no such key, or it cannot be changed while running. */
  set(key: string, value: string): boolean;
};

type Row = [key: string, value: string, type: ConfigItem['type'], mutable: boolean, aliases?: string[]];

const rows: Row[] = [
  ['adaptive_choose_instances_threshold', '32', 'int', true],
  ['agent_task_resend_wait_time_ms', '5000', 'int', true],
  ['alter_scheduler_interval_millisecond', '10000', 'int', false],
  ['audit_log_modules', 'slow_query, query', 'String[]', false],
  ['automated_cluster_snapshot_interval_seconds', '600', 'long', true],
  ['bdbje_heartbeat_timeout_second', '30', 'int', false],
  ['bdbje_reset_election_group', 'false', 'String', false],
  ['catalog_trash_expire_second', '86400', 'long', true],
  ['default_replication_num', '3', 'int', true],
  ['drop_backend_after_decommission', 'true', 'boolean', true],
  ['edit_log_port', '9010', 'int', false],
  ['edit_log_roll_num', '50000', 'int', true],
  ['enable_backup_materialized_view', 'false', 'boolean', true],
  ['enable_collect_query_detail_info', 'false', 'boolean', true],
  ['enable_legacy_compatibility_for_replication', 'false', 'boolean', true],
  ['enable_statistic_collect', 'true', 'boolean', true],
  ['heartbeat_timeout_second', '5', 'int', false],
  ['history_job_keep_max_second', '604800', 'int', true],
  ['http_port', '8030', 'int', false],
  ['lake_compaction_score_upper_bound', '2000', 'long', true],
  ['lake_ingest_slowdown_threshold', '100', 'long', true],
  ['max_agent_task_threads_num', '4096', 'int', false],
  ['max_download_task_per_be', '0', 'int', true],
  ['max_graceful_exit_time_second', '60', 'long', true],
  ['max_historical_automated_cluster_snapshot_jobs', '100', 'int', true],
  ['max_upload_task_per_be', '0', 'int', true],
  ['meta_delay_toleration_second', '300', 'int', false],
  ['metadata_ignore_unknown_operation_type', 'false', 'boolean', false, ['ignore_unknown_log_id']],
  ['min_graceful_exit_time_second', '15', 'long', true],
  ['min_routine_load_lag_for_metrics', '10000', 'long', true],
  ['mysql_server_version', '', 'String', false],
  ['priority_networks', '', 'String', false],
  ['qe_max_connection', '4096', 'int', false],
  ['qe_slow_log_ms', '5000', 'long', true],
  ['query_port', '9030', 'int', false],
  ['rpc_port', '9020', 'int', false],
  ['run_mode', 'shared_nothing', 'String', false],
  ['ssl_force_secure_transport', 'false', 'boolean', false],
  ['tablet_create_timeout_second', '10', 'int', true],
  ['tablet_sched_balance_load_disk_safe_threshold', '0.5', 'double', true, ['balance_load_disk_safe_threshold']],
  ['tablet_sched_be_down_tolerate_time_s', '900', 'long', true],
  ['tablet_sched_checker_interval_seconds', '20', 'int', false, ['tablet_checker_interval_seconds']],
  ['tablet_sched_disable_balance', 'false', 'boolean', true, ['disable_balance']],
  ['tablet_sched_disable_colocate_balance', 'false', 'boolean', true, ['disable_colocate_balance']],
  ['tablet_sched_max_balancing_tablets', '500', 'int', true, ['max_balancing_tablets']],
  ['tablet_sched_max_scheduling_tablets', '10000', 'int', true, ['max_scheduling_tablets']],
  ['tablet_sched_slot_num_per_path', '8', 'int', true, ['schedule_slot_num_per_path']],
];

const comments = new Map([
  ['tablet_sched_max_scheduling_tablets', 'the max number of tablets being scheduled'],
  ['tablet_sched_max_balancing_tablets', 'the max number of balancing tablets'],
]);

/** The defaults of the release, and over them what fe.conf says (its keys may be aliases). */
export function createFrontendConfig(conf: Conf, release: Release): FrontendConfig {
  const items = rows.map(([key, value, type, mutable, aliases = []]): ConfigItem => {
    const written = [key, ...aliases].map((name) => conf.get(name)).find((text) => text !== undefined);
    const comment = comments.get(key) ?? '';
    return { key, aliases, value: written ?? releaseDefault(key, release) ?? value, type, mutable, comment };
  });
  const find = (key: string) => items.find((item) => item.key === key || item.aliases.includes(key));
  const get = (key: string) => {
    const item = find(key);
    if (!item) throw new Error(`no such frontend config: ${key}`);
    return item.value;
  };
  return {
    items: () => items,
    get,
    number: (key) => Number(get(key)),
    flag: (key) => get(key) === 'true',
    set(key, value) {
      const item = find(key);
      if (!item?.mutable || !isOfType(value, item.type)) return false;
      item.value = value;
      return true;
    },
  };
}

function releaseDefault(key: string, release: Release): string | null {
  if (key === 'mysql_server_version') return release.atLeast(3, 4) ? '8.0.33' : '5.1.0';
  if (key === 'enable_backup_materialized_view') return String(!release.atLeast(3, 3));
  return null;
}

function isOfType(value: string, type: ConfigItem['type']): boolean {
  if (type === 'boolean') return value === 'true' || value === 'false';
  if (type === 'int' || type === 'long') return /^-?\d+$/.test(value);
  return type !== 'double' || Number.isFinite(Number(value));
}
