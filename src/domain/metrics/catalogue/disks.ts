import { diskStates } from '../vanished-paths.ts';
import { backends, gauge, hostRate, type Metric, minus, onceSet, percent, share, source, workers } from './build.ts';

const total = gauge('starrocks_be_disks_total_capacity');
const free = gauge('starrocks_be_disks_avail_capacity');
const state = gauge(diskStates);
const byPath = { label: 'path', subject: 'path' } as const;

/**
 * A backend looks at its disks when it reports them, once a minute and when one changes; until the first report after its
 * start it shows 0 for all of it. A compute node registers the same families and shows 0 for ever.
 */
export const diskMetrics: readonly Metric[] = [
  {
    name: 'disk_used_share',
    title: 'Disk use',
    meaning:
      'The part of the disk under a storage path that is used, by whatever: everything that is not available. Paths on one disk show the same.',
    unit: 'SHARE',
    scope: 'DISK',
    source: { ...backends, derivation: share(minus(total, free), total), by: byPath },
    overall: 'MAX',
    documented: 'be/src/agent/task_worker_pool.cpp (ReportDiskStateTaskWorkerPool)',
  },
  {
    name: 'disk_free_bytes',
    title: 'Free on disk',
    meaning: 'What is available on the disk under a storage path.',
    unit: 'BYTES',
    scope: 'DISK',
    source: { ...backends, derivation: onceSet(total, free), by: byPath },
    overall: 'MIN',
    documented: 'be/src/agent/task_worker_pool.cpp (ReportDiskStateTaskWorkerPool)',
  },
  {
    name: 'disk_data_bytes',
    title: 'Data on disk',
    meaning: 'What the data of StarRocks takes under a storage path, without its trash.',
    unit: 'BYTES',
    scope: 'DISK',
    source: { ...backends, derivation: onceSet(total, gauge('starrocks_be_disks_data_used_capacity')), by: byPath },
    overall: 'SUM',
    documented: 'be/src/agent/task_worker_pool.cpp (ReportDiskStateTaskWorkerPool)',
  },
  {
    name: 'disk_is_used',
    title: 'Disk in use',
    meaning:
      '1 while the node uses a storage path, 0 once it found the path broken and put it aside. Also 0 for a path that it showed before, does not show any more, and that storage_root_path of its be.conf names: a backend that starts with ignore_broken_disk leaves it out.',
    unit: 'COUNT',
    scope: 'DISK',
    source: { ...backends, derivation: onceSet(total, state), by: byPath, remembersPaths: true },
    overall: 'MIN',
    documented: 'be/src/agent/task_worker_pool.cpp (ReportDiskStateTaskWorkerPool)',
  },
  {
    name: 'disk_days_until_full',
    title: 'Disk full in',
    meaning: 'When the disk will be full if it goes on filling as lately. Unknown while it does not fill.',
    unit: 'DAYS',
    scope: 'DISK',
    source: { kind: 'FACT', fact: 'disk_days_until_full' },
    overall: 'MIN',
    documented: 'the history of disk_free_bytes that Starwarden keeps',
  },
  {
    name: 'log_disk_used_share',
    title: 'Use of the log disk',
    meaning:
      'The part of the file system with the logs of a node that is not available. A frontend on a full one stops, and a backend loses its log.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { kind: 'FACT', fact: 'log_disk_used_share' },
    overall: 'MAX',
    documented: '`df` of LOG_DIR and sys_log_dir on the host, over SSH',
  },
  {
    name: 'medium_used_share',
    title: 'Use of a storage medium',
    meaning:
      'The part of all disks of one medium (SSD or HDD) together that is used, as backends report it every minute.',
    unit: 'SHARE',
    scope: 'MEDIUM',
    source: { kind: 'FACT', fact: 'medium_used_share' },
    overall: 'MAX',
    documented: "SHOW PROC '/backends/<id>'",
  },
  {
    name: 'medium_free_bytes',
    title: 'Free on a storage medium',
    meaning: 'What is available on all disks of one medium (SSD or HDD) together, as backends report it every minute.',
    unit: 'BYTES',
    scope: 'MEDIUM',
    source: { kind: 'FACT', fact: 'medium_available_bytes' },
    overall: 'MIN',
    documented: "SHOW PROC '/backends/<id>'",
  },
  {
    name: 'disk_busy_share',
    title: 'Busiest disk',
    meaning:
      'The part of the time in which the busiest disk of the node worked, of the last 15 s, as the node measures it.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...workers, derivation: percent('starrocks_be_max_disk_io_util_percent') },
    overall: 'MAX',
    documented: 'be/src/common/daemon.cpp',
  },
  {
    name: 'disk_read_bytes_per_second',
    title: 'Read from disks',
    meaning: 'What the disks under the storage paths of a node read each second, for whatever program.',
    unit: 'BYTES_PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: hostRate('starrocks_be_disk_bytes_read') },
    overall: 'SUM',
    documented: source.backendSystem,
  },
  {
    name: 'disk_written_bytes_per_second',
    title: 'Written to disks',
    meaning: 'What the disks under the storage paths of a node wrote each second, for whatever program.',
    unit: 'BYTES_PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: hostRate('starrocks_be_disk_bytes_written') },
    overall: 'SUM',
    documented: source.backendSystem,
  },
];
