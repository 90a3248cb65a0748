import { frontends, gauge, hostRate, type Metric, onceSet, rate, share, source, sum, workers } from './build.ts';

const heapUsed = gauge('jvm_heap_size_bytes', { type: 'used' });
const busy = hostRate('starrocks_be_cpu', { mode: ['user', 'nice', 'system', 'irq', 'soft_irq', 'steal'] });
const idle = hostRate('starrocks_be_cpu', { mode: ['idle', 'iowait'] });

/** A node counts every interface that has an address, the one to itself too (`get_inet_interfaces`). */
const notLoopback = { device: { not: 'lo' } };

// 0 = the node could not count them.
const threads = gauge('starrocks_be_process_thread_num');
const openFiles = gauge('starrocks_be_process_fd_num_used');

export const processMetrics: readonly Metric[] = [
  {
    name: 'jvm_heap_bytes',
    title: 'Heap',
    meaning: 'What is used of the heap of a frontend, with what waits to be collected.',
    unit: 'BYTES',
    scope: 'NODE',
    source: { ...frontends, derivation: heapUsed },
    overall: 'MAX',
    documented: source.jvm,
  },
  {
    name: 'jvm_heap_used_share',
    title: 'Heap use',
    meaning:
      'The part of the largest heap a frontend may take (-Xmx) that is used. It rises until the next collection.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...frontends, derivation: share(heapUsed, gauge('jvm_heap_size_bytes', { type: 'max' })) },
    overall: 'MAX',
    documented: source.jvm,
  },
  {
    name: 'jvm_gc_ms_per_second',
    title: 'Garbage collection',
    meaning: 'Milliseconds of each second that a frontend spent on collecting garbage, in both generations.',
    unit: 'MILLISECONDS',
    scope: 'NODE',
    source: {
      ...frontends,
      derivation: sum(rate('jvm_young_gc', { type: 'time' }), rate('jvm_old_gc', { type: 'time' })),
    },
    overall: 'MAX',
    documented: source.jvm,
  },
  {
    name: 'jvm_old_gc_per_second',
    title: 'Full collections',
    meaning: 'Collections of the old generation each second; frequent ones mean that the heap is too small.',
    unit: 'PER_SECOND',
    scope: 'NODE',
    source: { ...frontends, derivation: rate('jvm_old_gc', { type: 'count' }) },
    overall: 'MAX',
    documented: source.jvm,
  },
  {
    name: 'jvm_threads',
    title: 'Threads of a frontend',
    meaning: 'Threads that run in the process of a frontend.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...frontends, derivation: gauge('jvm_thread', { type: 'count' }) },
    overall: 'MAX',
    documented: source.jvm,
  },
  {
    name: 'process_threads',
    title: 'Threads of a backend',
    meaning: 'Threads that run in the process of a backend or compute node.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...workers, derivation: onceSet(threads, threads) },
    overall: 'MAX',
    documented: source.backendPage,
  },
  {
    name: 'file_descriptors',
    title: 'Open files',
    meaning: 'Files and connections that a backend or compute node has open.',
    unit: 'COUNT',
    scope: 'NODE',
    source: { ...workers, derivation: onceSet(openFiles, openFiles) },
    overall: 'MAX',
    documented: source.backendPage,
  },
  {
    name: 'file_descriptors_of_limit',
    title: 'Open files, of the limit',
    meaning: 'Open files and connections of a node for each that the process may have (soft limit).',
    unit: 'SHARE',
    scope: 'NODE',
    source: {
      ...workers,
      derivation: {
        ...{ kind: 'SHARE', isOfLimit: true },
        of: openFiles,
        in: gauge('starrocks_be_process_fd_num_limit_soft'),
      },
    },
    overall: 'MAX',
    documented: source.backendPage,
  },
  {
    name: 'cpu_busy_share',
    title: 'CPU',
    meaning:
      "The part of the time of all CPUs of a node's host that was used, by whatever program; waiting for disks is not.",
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...workers, derivation: share(busy, sum(busy, idle)) },
    overall: 'MAX',
    documented: source.backendSystem,
  },
  {
    name: 'network_received_bytes_per_second',
    title: 'Received',
    meaning:
      "What the network interfaces of a node's host received each second, for whatever program; what stays on the host is not counted.",
    unit: 'BYTES_PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: hostRate('starrocks_be_network_receive_bytes', notLoopback) },
    overall: 'SUM',
    documented: source.backendSystem,
  },
  {
    name: 'network_sent_bytes_per_second',
    title: 'Sent',
    meaning:
      "What the network interfaces of a node's host sent each second, for whatever program; what stays on the host is not counted.",
    unit: 'BYTES_PER_SECOND',
    scope: 'NODE',
    source: { ...workers, derivation: hostRate('starrocks_be_network_send_bytes', notLoopback) },
    overall: 'SUM',
    documented: source.backendSystem,
  },
  {
    name: 'clock_difference_seconds',
    title: 'Clock difference',
    meaning:
      'By how much the clock of a host differs from that of Starwarden. A frontend that differs from the leader by 5 s is shut out.',
    unit: 'SECONDS',
    scope: 'NODE',
    source: { kind: 'FACT', fact: 'clock_difference_seconds' },
    overall: 'MAX',
    documented: '`date` on the host, over SSH',
  },
];
