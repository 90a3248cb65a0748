import type { ReleasePart } from './release.ts';
import type { KnownLine } from './rules.ts';

/** What became of a configuration key in the first release of a line. */
export type ConfChange = {
  /** Whose file: `fe.conf`, or the `be.conf` and `cn.conf` that backends and compute nodes read. */
  readonly part: ReleasePart;
  readonly key: string;
  readonly since: KnownLine;
} & (
  | {
      /** Nothing reads it any more; it is ignored without an error. */
      readonly kind: 'DROPPED';
      readonly hint: string;
    }
  | {
      /** It is called `newKey` now. */
      readonly kind: 'RENAMED';
      readonly newKey: string;
      /** Whether the old name is still understood. */
      readonly oldNameWorks: boolean;
    }
);

const noEffect = 'It has no effect any more. Leave it while a way back is kept, then take it out.';
const kerberos = 'Look before the upgrade for users who log in by Kerberos through these settings.';
const ranger = 'Try the rules of Ranger on one frontend before the upgrade.';
const passwords = 'The rule for passwords that it stood for is not enforced any more.';

const dropped = (part: ReleasePart, since: KnownLine, keys: Readonly<Record<string, string>>): readonly ConfChange[] =>
  Object.entries(keys).map(([key, hint]) => ({ part, key, since, kind: 'DROPPED', hint }));

/**
 * Found by comparing the keys that `Config.java` (frontends) and `config.h` (backends) declare at the heads of the
 * branches 3.1 to 3.5 of May and June 2025, and of the main branch of 27 June 2025 for 4.0. Keys that the source no
 * longer mentions anywhere are listed as dropped; an early patch of a line may still have known one.
 */
export const confChanges: readonly ConfChange[] = [
  ...dropped('FRONTEND', '3.2', {
    hive_max_split_size: noEffect,
    lake_compaction_fail_history_size: noEffect,
    replan_on_insert: noEffect,
  }),
  ...dropped('FRONTEND', '3.3', {
    check_java_version: 'The start script checks the JDK itself now.',
    cluster_id: noEffect,
    ranger_kerberos_krb5_conf: ranger,
    ranger_spnego_kerberos_keytab: ranger,
    ranger_spnego_kerberos_principal: ranger,
    statistic_collect_concurrency: noEffect,
  }),
  {
    part: 'FRONTEND',
    key: 'experimental_enable_fast_schema_evolution_in_shared_data',
    since: '3.3',
    kind: 'RENAMED',
    newKey: 'enable_fast_schema_evolution_in_share_data_mode',
    oldNameWorks: false,
  },
  {
    part: 'FRONTEND',
    key: 'ignore_unknown_log_id',
    since: '3.3',
    kind: 'RENAMED',
    newKey: 'metadata_ignore_unknown_operation_type',
    oldNameWorks: true,
  },
  {
    part: 'FRONTEND',
    key: 'stream_load_profile_collect_second',
    since: '3.3',
    kind: 'RENAMED',
    newKey: 'stream_load_profile_collect_threshold_second',
    oldNameWorks: true,
  },
  ...dropped('FRONTEND', '3.4', {
    enable_mv_refresh_insert_strict: noEffect,
    lake_warehouse_max_compute_replica: noEffect,
    max_connection_scheduler_threads_num: noEffect,
    mysql_service_nio_enabled: 'The MySQL server is always the one with NIO now.',
    proc_profile_collect_interval_s: noEffect,
  }),
  {
    part: 'FRONTEND',
    key: 'max_automatic_partition_number',
    since: '3.4',
    kind: 'RENAMED',
    newKey: 'max_partition_number_per_table',
    oldNameWorks: true,
  },
  {
    part: 'FRONTEND',
    key: 'lake_compaction_disable_tables',
    since: '3.4',
    kind: 'RENAMED',
    newKey: 'lake_compaction_disable_ids',
    oldNameWorks: true,
  },
  ...dropped('FRONTEND', '3.5', {
    authentication_kerberos_service_key_tab: kerberos,
    authentication_kerberos_service_principal: kerberos,
    enable_authentication_kerberos: kerberos,
    enable_password_reuse: passwords,
    enable_validate_password: passwords,
    lock_manager_enable_using_fine_granularity_lock: noEffect,
    statistic_collect_max_row_count_per_query: noEffect,
    JAVA_OPTS_FOR_JDK_9: 'Only JAVA_OPTS is read: move the options there.',
  }),
  {
    part: 'FRONTEND',
    key: 'JAVA_OPTS_FOR_JDK_11',
    since: '3.5',
    kind: 'RENAMED',
    newKey: 'JAVA_OPTS',
    oldNameWorks: true, // with a warning, and it wins over JAVA_OPTS (bin/start_fe.sh of 3.5)
  },
  ...dropped('FRONTEND', '4.0', { arrow_token_cache_expire: noEffect }),
  {
    part: 'FRONTEND',
    key: 'lake_min_compaction_interval_ms_on_success',
    since: '4.0',
    kind: 'RENAMED',
    newKey: 'lake_compaction_interval_ms_on_success',
    oldNameWorks: true,
  },
  {
    part: 'FRONTEND',
    key: 'lake_min_compaction_interval_ms_on_failure',
    since: '4.0',
    kind: 'RENAMED',
    newKey: 'lake_compaction_interval_ms_on_failure',
    oldNameWorks: true,
  },
  ...dropped('BACKEND', '3.2', {
    block_cache_block_buffer_enable: noEffect,
    block_cache_lru_insertion_point: noEffect,
    block_cache_max_parcel_memory_mb: noEffect,
    block_cache_report_stats: noEffect,
    orc_file_cache_max_size: noEffect,
    orc_row_index_cache_max_size: noEffect,
    orc_stripe_cache_max_size: noEffect,
    text_io_range_size: noEffect,
  }),
  ...dropped('BACKEND', '3.3', {
    min_base_compaction_size: noEffect,
    min_cumulative_compaction_size: noEffect,
    parquet_late_materialization_v2_enable: noEffect,
    pipeline_scan_queue_level_time_slice_base_ns: noEffect,
    pipeline_scan_queue_mode: noEffect,
    pipeline_scan_queue_ratio_of_adjacent_queue: noEffect,
  }),
  ...dropped('BACKEND', '3.4', {
    datacache_disk_path:
      'The cache lies in the directory datacache of storage_root_path now: look whether that disk has the room.',
    datacache_meta_path: noEffect,
    disable_column_pool: noEffect,
  }),
  ...dropped('BACKEND', '3.5', { parquet_advance_zonemap_filter: noEffect }),
  {
    part: 'BACKEND',
    key: 'JAVA_OPTS_FOR_JDK_9_AND_LATER',
    since: '3.5',
    kind: 'RENAMED',
    newKey: 'JAVA_OPTS',
    oldNameWorks: true, // with a warning, and it wins over JAVA_OPTS (bin/start_backend.sh of 3.5)
  },
  ...dropped('BACKEND', '4.0', {
    auto_adjust_pagecache_interval_seconds: noEffect,
    block_cache_disk_path: noEffect,
    block_cache_meta_path: noEffect,
    chunk_reserved_bytes_limit: noEffect,
    enable_auto_adjust_pagecache: noEffect,
    index_stream_cache_capacity: noEffect,
    max_update_tablet_version_internal_ms: noEffect,
    pagecache_adjust_period: noEffect,
  }),
  ...(
    [
      ['datacache_auto_adjust_enable', 'enable_datacache_disk_auto_adjust'],
      ['datacache_disk_high_level', 'disk_high_level'],
      ['datacache_disk_safe_level', 'disk_safe_level'],
      ['datacache_disk_low_level', 'disk_low_level'],
    ] as const
  ).map(
    ([key, newKey]): ConfChange => ({
      part: 'BACKEND',
      key,
      since: '4.0',
      kind: 'RENAMED',
      newKey,
      oldNameWorks: false,
    }),
  ),
];

/**
 * Options with which a JVM of version 17, the oldest that 3.5 starts with, does not start at all. Each was tried on
 * OpenJDK 17; many were in the fe.conf that came with 3.2 and before.
 */
export const optionsJdk17Refuses: readonly string[] = [
  'AggressiveOpts',
  'CMSClassUnloadingEnabled',
  'CMSIncrementalMode',
  'CMSInitiatingOccupancyFraction',
  'CMSParallelRemarkEnabled',
  'CMSScavengeBeforeRemark',
  'GCLogFileSize',
  'MaxPermSize',
  'NumberOfGCLogFiles',
  'ParallelCMSThreads',
  'PermSize',
  'PrintAdaptiveSizePolicy',
  'PrintGCApplicationConcurrentTime',
  'PrintGCApplicationStoppedTime',
  'PrintGCDateStamps',
  'PrintGCTimeStamps',
  'PrintHeapAtGC',
  'PrintReferenceGC',
  'PrintTenuringDistribution',
  'UnlockCommercialFeatures',
  'UseCMSInitiatingOccupancyOnly',
  'UseConcMarkSweepGC',
  'UseGCLogFileRotation',
  'UseMembar',
  'UseParNewGC',
  'UseParallelOldGC',
];
