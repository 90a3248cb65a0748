import { type gauge as Gauge, gauge, type Metric, shareOfLimit, source, workers } from './build.ts';

const bytes = (
  name: string,
  title: string,
  { family, meaning }: { family: Parameters<typeof Gauge>[0]; meaning: string },
): Metric => ({
  name,
  title,
  meaning,
  unit: 'BYTES',
  scope: 'NODE',
  source: { ...workers, derivation: gauge(family) },
  overall: 'SUM',
  documented: source.backendSystem,
});

/** StarRocks counts what it takes itself; a count may be off by little, also below 0. */
export const memoryMetrics: readonly Metric[] = [
  bytes('memory_bytes', 'Memory of the process', {
    family: 'starrocks_be_process_mem_bytes',
    meaning: 'What the process of a backend or compute node has taken, as it counts itself.',
  }),
  {
    name: 'memory_of_limit',
    title: 'Memory, of the limit',
    meaning:
      'What the process has taken for each byte of its limit (mem_limit of be.conf, as SHOW BACKENDS shows it). Beyond 100 % queries and loads are refused.',
    unit: 'SHARE',
    scope: 'NODE',
    source: { ...workers, derivation: shareOfLimit(gauge('starrocks_be_process_mem_bytes'), 'memory_limit_bytes') },
    overall: 'MAX',
    documented: `${source.backendSystem}; MemLimit of SHOW BACKENDS`,
  },
  bytes('memory_query_bytes', 'Memory of queries', {
    family: 'starrocks_be_query_mem_bytes',
    meaning: 'What queries hold on a node.',
  }),
  bytes('memory_load_bytes', 'Memory of loads', {
    family: 'starrocks_be_load_mem_bytes',
    meaning: 'What loads hold on a node before it is written.',
  }),
  bytes('memory_metadata_bytes', 'Memory of metadata', {
    family: 'starrocks_be_metadata_mem_bytes',
    meaning: 'What the metadata of tablets, rowsets, segments and columns takes on a node.',
  }),
  bytes('memory_primary_key_bytes', 'Memory of primary keys', {
    family: 'starrocks_be_update_mem_bytes',
    meaning: 'What indexes and delete vectors of primary-key tables take on a node.',
  }),
  bytes('memory_compaction_bytes', 'Memory of compaction', {
    family: 'starrocks_be_compaction_mem_bytes',
    meaning: 'What compactions hold on a node.',
  }),
  bytes('memory_page_cache_bytes', 'Memory of the page cache', {
    family: 'starrocks_be_storage_page_cache_mem_bytes',
    meaning: 'What the cache of data pages takes on a node; it gives way when others need the memory.',
  }),
];
